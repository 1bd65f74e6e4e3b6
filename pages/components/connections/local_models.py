"""The models on this computer: which are there, which are loaded, and why one is missing."""

from __future__ import annotations

import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.session import keys
from rerank_core import offline
from rerank_core.providers.local import onnx_folder
from rerank_core.providers.local.flashrank_library import FLASHRANK_LIBRARY, FOLDER_VARIABLE
from rerank_core.providers.local.onnx_folder import ONNX_FOLDER
from rerank_core.providers.spec import ModelSpec

_OWN = (
    "English and Multilingual are embedding models together with keyword matching, Keyword matching is that alone: "
    "they stand where the three hosted models (English, Multilingual and v2) stand, and are not those models. The "
    "cross-encoder reads query and text together. A model is loaded when it is first used."
)
_FLASHRANK = (
    f"FlashRank's own computation, with models from the folder that the environment variable {FOLDER_VARIABLE} names: "
    "in it a folder for each model, with the ONNX file and the tokenizer, as FlashRank's own cache has them. "
    "FlashRank itself makes that once: Ranker(model_name=..., cache_dir=...). Nothing is downloaded from here. A score "
    "depends a little on the documents beside it, by up to 0.12 as measured: that is how FlashRank computes."
)
_FOLDER = (
    f"Cross-encoders of your own, from the folder that the environment variable {onnx_folder.FOLDER_VARIABLE} names: "
    "in it a folder for each model, with its ONNX file and tokenizer.json, as Optimum exports them. A logit becomes a "
    "score from 0 to 1 by the logistic function; of two classes the softmax of the second is the score. Nothing is "
    "downloaded."
)


def show(spec: rc.ProviderSpec) -> None:
    """Draw one row for each local model, with a button that loads it now."""
    st.caption({FLASHRANK_LIBRARY.id: _FLASHRANK, ONNX_FOLDER.id: _FOLDER}.get(spec.id, _OWN))
    if not spec.models:
        st.info("No model was found when the app started.", icon=":material/folder_off:")
    for model in spec.models:
        with st.container(border=True):
            _row(spec, model)


def _row(spec: rc.ProviderSpec, model: ModelSpec) -> None:
    missing = spec.unavailable_reason(model.id)
    ours = spec.id == "local"
    loaded = ours and offline.is_loaded(model.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{model.label}**", width="content")
        if missing:
            st.badge("Missing", icon=":material/block:", color="orange")
        elif loaded:
            st.badge("Loaded", icon=":material/check:", color="green")
        else:
            st.badge("Available", icon=":material/hourglass_empty:", color="blue")
        st.space("stretch")
        if (
            ours
            and not missing
            and not loaded
            and st.button("Load now", icon=":material/memory:", key=keys.of(keys.LOAD, model.id))
        ):
            _load(model)
    st.caption(model.audience)
    if missing:
        st.text(missing)
    failed: rc.RerankError | None = st.session_state.get(keys.LOCAL_MODELS_FAILED, {}).get(model.id)
    if failed is not None:
        errors.show(failed)


def _load(model: ModelSpec) -> None:
    failed = st.session_state.setdefault(keys.LOCAL_MODELS_FAILED, {})
    failed.pop(model.id, None)
    try:
        with st.spinner("Loading"):
            offline.load(model.id)
    except rc.RerankError as error:
        failed[model.id] = error
    st.rerun()
