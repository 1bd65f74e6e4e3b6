"""A page with the board alone, or the tables, for the browser tests; what was heard stands below it as text.

The address chooses what is shown: ?case=board|evil|tables|detail&n=12&top=5&threshold=0.5&rating=1&titles=1&initial=1
&noscores=1&same=1&tooltip=1&presenter=1&evil=1
"""

from __future__ import annotations

import json
import time

import streamlit as st

from pages.components.display.board import BoardEvent, BoardRow, BoardView, Rating, board
from pages.components.display.tables import big_tables, detail_panel, score_chart
from rerank_core.models import Document

st.set_page_config(layout="wide", page_icon="🔀")
asked = st.query_params

# text, place in the reranked order, score
SUPPORT = [
    ("Contact support by e-mail or chat at any hour. We answer within one working day.", 9, 0.061),
    ("Password policies and requirements: at least twelve characters, one digit, no part of your name.", 3, 0.683),
    ("Wi-Fi drops every few minutes? Restart the router and move it away from other devices.", 10, 0.040),
    ("Account security settings: two-step sign-in, trusted devices, and recovery e-mail.", 4, 0.611),
    ("How to change the language of the app.", 11, 0.031),
    ("Delete your account and what happens to your data afterwards.", 7, 0.210),
    ("Billing: download an invoice or change your card.", 8, 0.120),
    ("Invite a colleague to your workspace.", 12, 0.012),
    ("How to reset your password: open the sign-in page, choose Forgot password, follow the link.", 1, 0.973),
    ("Reset a device to its factory state.", 5, 0.402),
    ("Sign in with a passkey instead of a password.", 2, 0.871),
    ("Release notes for version 4.2.", 6, 0.310),
]
EVIL = [
    "![x](http://evil.test/a.png) **bold** [link](javascript:alert(1)) :red[x] $x^2$ :material/home: -> arrow",
    "<img src=http://evil.test/b.png onerror=alert(1)><script>alert(1)</script><b>bold</b>",
    '"><svg onload=alert(1)><style>*{display:none}</style><iframe src=http://evil.test/c></iframe>',
    "x" * 100_000,
    "مرحبا، كيف أعيد تعيين كلمة المرور؟ ‮fdp.exe",
    "パスワードを再設定するには、サインイン画面を開きます。" * 20,
    "👩‍👩‍👧‍👦 🇩🇪 family and flag 👍🏽",
    "nul\0 bell\x07 escape\x1b[31m lone \ud83d surrogate",
    "  ",
    "line one\nline two\ttabbed",
]


def rows_of(count: int) -> list[BoardRow]:
    """`count` rows: the twelve of the support desk, or a longer list made by turning it round."""
    ratings = st.session_state.setdefault("ratings", {})
    titles, initial, scored = "titles" in asked, "initial" in asked, "noscores" not in asked
    rows = []
    for place in range(count):
        text, now, score = SUPPORT[place % 12]
        if count != 12:
            text, now = f"{text} ({place + 1})", count - place
            score = round(1 - now / (count + 1), 3)
        if st.session_state.get("turned"):
            now, score = count + 1 - now, round(1 - score, 3)
        if "same" in asked:
            now = place + 1
        if asked.get("case") == "evil":
            text = EVIL[place]
        rows.append(
            BoardRow(
                key=f"d{place + 1}",
                was=place + 1,
                now=now,
                text=text,
                title=(EVIL[place] if asked.get("case") == "evil" else text.split(":")[0]) if titles else None,
                initial_score=round(0.9 - place * 0.8 / count, 3) if initial else None,
                score=score if scored else None,
                rating=ratings.get(f"d{place + 1}"),
                tooltip="cosine 0.612, keyword match 0.40" if "tooltip" in asked else None,
            )
        )
    return rows


def heard(event: BoardEvent) -> None:
    """Write an event down and follow it, as a page does."""
    note = {"picked": event.picked, "rated": [[r.key, r.value] for r in event.rated], "threshold": event.threshold}
    for rating in event.rated:
        st.session_state.ratings[rating.key] = rating.value
    if event.threshold is not None:
        st.session_state.level = event.threshold
    if event.picked is not None:
        st.session_state.picked = event.picked
    st.session_state.log.append(note)  # last: what is broken off before its end is heard again


st.session_state.setdefault("log", [])
st.session_state.setdefault("level", float(asked["threshold"]) if "threshold" in asked else None)
st.session_state.setdefault("runs", 0)
st.session_state.runs += 1
st.title("Board host")
st.button("Run again")
if st.button("Turn the order round"):
    st.session_state.turned = not st.session_state.get("turned", False)
hidden = st.checkbox("Hide")
case = asked.get("case", "board")
rows = rows_of(len(EVIL) if case == "evil" else int(asked.get("n", 12)))
top_n, level = int(asked.get("top", 5)), st.session_state.level
start = time.perf_counter()
if case == "tables":
    picked = big_tables(rows, BoardView(top_n, "as pasted", threshold=level), key="tables")
    score_chart(rows, level, "chart")
    st.text(f"picked {picked}")
elif case == "detail":
    long = "\n".join(EVIL) if "evil" in asked else SUPPORT[8][0] * 30
    document = Document(long, "kb-7", {"lang": "de", "url": asked.get("url", "https://example.test/kb/7"), "n": 3})
    detail_panel(rows[8], document, key="detail", on_rate=lambda value: heard(BoardEvent(rated=(Rating("d9", value),))))
elif not hidden:
    view = BoardView(
        top_n,
        "as pasted",
        "by English, on this computer",
        level,
        picked=st.session_state.get("picked"),
        rating="rating" in asked,
        presenter="presenter" in asked,
    )
    board(rows, view, key="board", on_event=heard)
st.text(f"script {(time.perf_counter() - start) * 1000:.0f} ms")
st.text("log " + json.dumps(st.session_state.log))
st.text(f"run {st.session_state.runs} done")
