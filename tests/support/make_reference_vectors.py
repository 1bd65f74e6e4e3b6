"""Write the vectors that a model is compared with when it is loaded: `python -m tests.support.make_reference_vectors`.

Run it after changing the texts, a weight file or the graph; look at what changed before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

from rerank_core.offline import engine
from rerank_core.offline.encoder import PASSAGE, Encoder
from rerank_core.offline.models import ENGLISH, MULTILINGUAL

TARGET = Path(engine.__file__).parent / "data" / "reference-vectors.json"
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


def main() -> None:
    stored = {}
    for model_id, text in TEXTS.items():
        model = engine._MODELS[model_id]
        encoder = Encoder(model._open_source(model._file.open()), quantised=False)
        vector = encoder.embed(text, PASSAGE).vectors
        assert len(vector) == 1, "the text must fit one window"
        stored[model_id] = {"text": text, "vector": [round(float(value), 5) for value in vector[0]]}
    TARGET.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
