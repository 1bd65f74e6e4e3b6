"""Estimated tokens: by kind of character, and within a quarter of what the tokenizer on this computer counts."""

from __future__ import annotations

import json
import math
import random
import string
import subprocess
import sys
import unicodedata
import uuid
from base64 import b64encode, urlsafe_b64encode
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import offline, samples
from rerank_core.offline.engine import embedding_model
from rerank_core.offline.models import MULTILINGUAL
from rerank_core.pricing.tokens import estimate_tokens

SHARES = [  # of a token in sixteenths, for the first of these ranges that holds the character
    (0x80, 0xBF, 16), (0xC0, 0x3FF, 5), (0x400, 0x53F, 4), (0x540, 0x5FF, 6), (0x600, 0x7FF, 5), (0xE00, 0xE7F, 4),
    (0x800, 0xFFF, 5), (0x1000, 0x1FFF, 6), (0x2000, 0x2FFF, 8), (0x3000, 0x303F, 14), (0x3040, 0x3FFF, 7),
    (0x4000, 0x9FFF, 11), (0xA000, 0xD7FF, 10), (0xD800, 0xDFFF, 16), (0xE000, 0xFFFF, 14), (0x10000, 0x10FFFF, 16),
]  # fmt: skip


def share_of(character: str) -> int:
    if character.isascii():
        kind = unicodedata.category(character)
        return {"Ll": 4, "Lu": 8, "Nd": 7}.get(kind) or (1 if character in " \t\n\r\v\f" else 16)
    return next(share for first, last, share in SHARES if first <= ord(character) <= last)


def more_of(pair: tuple[str, str]) -> int:
    """What a digit beside a letter, or a capital behind a small letter, counts more."""
    kinds = tuple(unicodedata.category(each) if each.isascii() else "" for each in pair)
    if kinds in (("Nd", "Lu"), ("Ll", "Lu")):
        return 8
    return 9 if kinds in (("Ll", "Nd"), ("Nd", "Ll"), ("Lu", "Nd")) else 0


@given(
    st.text(
        st.characters(exclude_categories=()) | st.sampled_from("aabBB11. \n日本ひハ語한（！）👍éไทаж\ud800"),
        max_size=60,
    )
)
def test_each_character_counts_by_its_kind(text: str) -> None:
    """The fast count equals the definition applied to one character after another, rounded up."""
    assert estimate_tokens(text) == math.ceil(
        Fraction(sum(map(share_of, text)) + sum(map(more_of, pairwise(text))), 16)
    )


@given(st.text(max_size=40), st.text(max_size=10))
def test_a_longer_text_never_has_fewer(text: str, more: str) -> None:
    """So that what is cut to a number of tokens stays cut; and no character is more than one token."""
    assert estimate_tokens(text) <= estimate_tokens(text + more) <= estimate_tokens(text) + len(more)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("a" * 80, 20), ("AB-12", 3), ("\ud800", 1), ("AB12", 3)],
)
def test_a_few_by_hand(text: str, tokens: int) -> None:
    """Four small letters, two capitals, or one sign are a token."""
    assert estimate_tokens(text) == tokens


DICE = random.Random(8)
ARTICLES = {
    lang: "\n\n".join(article.text for article in samples.knowledge_base() if article.metadata["lang"] == lang)
    for lang in ("en", "de", "es", "ja")
}
PROSE = {
    "French": "Pour réinitialiser votre mot de passe, ouvrez les paramètres, choisissez Sécurité et suivez les étapes "
    "affichées à l'écran. Si vous n'avez pas reçu le courriel, demandez un nouveau lien.",
    "Russian": "Чтобы сбросить пароль, откройте настройки, выберите раздел «Безопасность» и следуйте указаниям на "
    "экране. Если письмо не пришло, проверьте папку со спамом или запросите новую ссылку.",
    "Arabic": "لإعادة تعيين كلمة المرور، افتح الإعدادات واختر الأمان ثم اتبع الخطوات الظاهرة على الشاشة. إذا لم تصلك "
    "الرسالة فتحقق من مجلد البريد غير المرغوب فيه أو اطلب رابطًا جديدًا.",
    "Hindi": "अपना पासवर्ड रीसेट करने के लिए सेटिंग खोलें, सुरक्षा चुनें और स्क्रीन पर दिए गए चरणों का पालन करें।",
    "Thai": "หากต้องการรีเซ็ตรหัสผ่าน ให้เปิดการตั้งค่า เลือกความปลอดภัย แล้วทำตามขั้นตอนบนหน้าจอ",
    "Japanese": "パスワードを再設定するには、設定を開き、「セキュリティ」を選んで、画面の手順に従ってください。",
    "Korean": "비밀번호를 재설정하려면 설정을 열고 보안을 선택한 다음 화면의 단계를 따르세요. 메시지를 받지 못했다면 "
    "스팸 폴더를 확인하거나 새 링크를 요청하세요.",
    "Chinese": "要重置密码，请打开设置，选择“安全”，然后按照屏幕上的步骤操作。如果没有收到邮件，请检查垃圾邮件文件夹。",
    "Greek": "Για να επαναφέρετε τον κωδικό σας, ανοίξτε τις ρυθμίσεις, επιλέξτε Ασφάλεια και ακολουθήστε τα βήματα.",
    "Hebrew": "כדי לאפס את הסיסמה, פתחו את ההגדרות, בחרו באבטחה ופעלו לפי השלבים שעל המסך.",
}
OTHER = {
    "JSON": "\n".join(
        json.dumps({"id": n * 977, "sku": f"AB-{n * 37}-XL", "price": n * 3.17, "in_stock": True, "tags": ["red"]})
        for n in range(1, 12)
    ),
    "JSON of numbers": json.dumps([round(DICE.gauss(0, 1), 6) for _ in range(40)]),
    "part numbers": "\n".join(
        f"{DICE.choice('ABCDEFGH')}{DICE.choice('XYZQRS')}-{DICE.randint(1000, 99999)}-{DICE.choice(['XL', 'DN15'])}"
        for _ in range(40)
    ),
    "a table": "\n".join(f"{n},Cable {n % 7} m,{n * 1.37:.2f},EUR,yes" for n in range(30)),
    "Python": """def cut(text: str, size: int = 200) -> list[str]:
    \"\"\"Pieces of at most `size` characters.\"\"\"
    found: list[str] = []
    for start in range(0, len(text), size):
        piece = text[start : start + size].strip()
        if piece and piece not in found:
            found.append(piece)
    return found
""",
    "JavaScript": """const rows = await fetch(`/api/items?page=${page}`).then((reply) => reply.json());
for (const row of rows.filter((row) => row.price > 0)) {
  const item = document.createElement("li");
  item.textContent = `${row.title}: ${row.price.toFixed(2)}`;
  list.appendChild(item);
}
""",
    "HTML": """<article class="help-page"><h1>Reset your password</h1>
<p>Open <strong>Settings</strong> &amp; choose <a href="/help/security#reset">Security</a>.</p>
<ul class="steps"><li>Step one: sign out.</li><li>Step two: follow the link.</li></ul></article>
""",
    "identifiers": "\n".join(["node.getElementById(nodeName)", "const maxRetryCount = parseInt(value)"] * 10),
    "codes without a hyphen": "\n".join(
        f"{DICE.choice('ABCDEFGH')}{DICE.choice('XYZQRS')}{DICE.randint(1000, 99999)}{DICE.choice(['XL', 'DN15', 'B'])}"
        for _ in range(40)
    ),
    "sizes": " ".join(f"{DICE.randint(1, 500)}{DICE.choice(['kg', 'mm', 'GB', 'ms', 'km'])}" for _ in range(60)),
    "UUIDs": "\n".join(str(uuid.UUID(bytes=DICE.randbytes(16))) for _ in range(30)),
    "UUIDs in capitals": "\n".join(str(uuid.UUID(bytes=DICE.randbytes(16))).upper() for _ in range(30)),
    "hexadecimal": "\n".join(DICE.randbytes(32).hex() for _ in range(20)),
    "short hexadecimal": "\n".join(DICE.randbytes(4).hex() for _ in range(60)),
    "base64": b64encode(DICE.randbytes(900)).decode(),
    "base64 of a text": b64encode(b"The quick brown fox jumps over the lazy dog. " * 20).decode(),
    "base64 for addresses": urlsafe_b64encode(DICE.randbytes(900)).decode(),
    "ids of letters and digits": "\n".join(
        "".join(DICE.choices(string.ascii_letters + string.digits, k=11)) for _ in range(40)
    ),
    "JSON of ids": json.dumps([{"id": str(uuid.UUID(bytes=DICE.randbytes(16))), "etag": DICE.randbytes(16).hex()}] * 9),
    "a log": "\n".join(
        f"2026-11-{n:02} 10:{n:02}:07,{n * 31:03} INFO [worker-{n % 5}] GET /api/v1/items/{n * 71} took {n * 9}ms"
        for n in range(1, 15)
    ),
}


@pytest.mark.parametrize("name", [*ARTICLES, *PROSE, *OTHER])
def test_the_estimate_is_within_a_quarter_of_the_tokenizer(name: str) -> None:
    """Held against the tokenizer of the multilingual model, where it is installed."""
    reason = offline.unavailable_reason(MULTILINGUAL)
    if reason is not None:
        pytest.skip(reason)
    model = embedding_model(MULTILINGUAL)
    assert model is not None
    source = model.get()._source
    text = (ARTICLES | PROSE | OTHER)[name]
    counted = len(source.tokeniser().encode(source.prepare(text), add_special_tokens=False).ids)
    assert estimate_tokens(text) == pytest.approx(counted, rel=0.25)


def test_an_estimate_loads_no_tokenizer() -> None:
    """Importing the library and estimating a cost need neither numpy nor a tokenizer."""
    code = (
        "import sys, rerank_core as rc; rc.estimate_cost('gateflow', None, 'a', ['text ' * 2000]);"
        "print(sorted({'tokenizers', 'numpy', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
