"""Write what a model is compared with when it is loaded: `python -m tests.support.make_references`.

Run it after changing the texts, a weight file or the graph; look at what changed before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

from rerank_core.offline import local_model
from rerank_core.offline.cross_encoder import CrossEncoder
from rerank_core.offline.e5 import E5
from rerank_core.offline.encoder import PASSAGE, Encoder
from rerank_core.offline.minilm import MiniLM
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.offline.ms_marco import MsMarcoMiniLM
from rerank_core.offline.weights import MINILM, MS_MARCO, MULTILINGUAL_E5
from tests.support import activation_ranges

DATA = Path(local_model.__file__).parent / "data"
SOURCES = {ENGLISH: (MINILM, MiniLM), MULTILINGUAL: (MULTILINGUAL_E5, E5)}
TEXTS = {
    ENGLISH: (
        "To reset your password, open the account page, choose Security and click Forgot password; we send a link "
        "to your e-mail address that works for 30 minutes. If nothing arrives, look in the spam folder, or ask "
        "support (Monday to Friday, 9-17 h) to unlock the account by hand. Error codes E-104 and E-207 mean that "
        "the link was used already."
    ),
    MULTILINGUAL: (
        "To reset your password, open the account page and choose Security. Zum Zurücksetzen des Passworts öffnen "
        "Sie bitte die Kontoseite. Para restablecer la contraseña, abra la página de la cuenta. Код ошибки E-104. "
        "パスワードを再設定するには、アカウントページを開いてください。 لإعادة تعيين كلمة المرور افتح صفحة الحساب."
    ),
}
PAIRS = (
    (
        "How do I reset my password?",
        "Reset your password\nOpen Settings, choose Security and follow the steps on the screen.",
    ),
    ("How do I reset my password?", "We are open from nine to five, and on Saturdays until noon."),
    (
        "what is the boiling point of water",
        "At sea level water boils at 100 degrees Celsius; in the mountains it boils at a lower temperature.",
    ),
)


def main() -> None:
    stored = {}
    for model_id, text in TEXTS.items():
        file, source = SOURCES[model_id]
        encoder = Encoder(source(file.open()), quantised=False)
        vector = encoder.embed(text, PASSAGE).vectors
        assert len(vector) == 1, "the text must fit one window"
        stored[model_id] = {"text": text, "vector": [round(float(value), 5) for value in vector[0]]}
    write("reference-vectors.json", stored)
    source = MsMarcoMiniLM(MS_MARCO.open())
    write("ms-marco-ranges.json", {"ranges": activation_ranges.ranges(source)})
    floats = CrossEncoder(source, quantised=False)
    write(
        "reference-logits.json",
        {
            "pairs": [
                {"query": query, "text": text, "logit": round(floats.logit(query, text), 4)} for query, text in PAIRS
            ]
        },
    )


def write(name: str, stored: object) -> None:
    (DATA / name).write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
