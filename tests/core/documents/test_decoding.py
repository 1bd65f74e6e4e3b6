"""Texts in the encodings from before UTF-8, and UTF-16 that does not say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from rerank_core.documents import read_documents
from rerank_core.documents.decoding import ENCODINGS, decode, text_codec
from rerank_core.evaluation import read

CASES = Path(__file__).parents[2] / "data" / "cases"

TEXTS = {
    "gb18030": (
        "编号,标题,内容\n"
        "1,重置密码,如果忘记密码，请在登录页面点击忘记密码链接。\n"
        "2,开发票,发票将在购买后三个工作日内通过电子邮件发送。\n"
    ),
    "big5": (
        "編號,標題,內容\n"
        "1,重設密碼,如果忘記密碼，請在登入頁面點選忘記密碼連結。\n"
        "2,開發票,發票將在購買後三個工作天內以電子郵件寄出。\n"
    ),
    "cp932": (
        "番号,題名,本文\n"
        "1,パスワードの再設定,パスワードを忘れた場合は、ログイン画面のリンクを押してください。\n"
        "2,領収書,領収書は三営業日以内にメールで届きます。\n"
    ),
    "euc-jp": (
        "番号,題名,本文\n1,パスワードの再設定,パスワードを忘れた場合は、ログイン画面のリンクを押してください。\n"
    ),
    "cp949": (
        "번호,제목,내용\n"
        "1,비밀번호 재설정,비밀번호를 잊으셨다면 로그인 화면에서 링크를 누르세요.\n"
        "2,영수증,영수증은 구매 후 3일 이내에 이메일로 발송됩니다.\n"
    ),
    "cp1250": (
        "id;text\n"
        "1;Jak změnit heslo: klikněte na odkaz na přihlašovací stránce.\n"
        "2;Zażółć gęślą jaźń, faktura przyjdzie pocztą w ciągu trzech dni.\n"
    ),
    "cp1251": ("id;text\n1;Как восстановить пароль: нажмите ссылку на странице входа.\n2;Счёт приходит по почте.\n"),
    "koi8-r": ("id;text\n1;Как восстановить пароль: нажмите ссылку на странице входа.\n2;Счёт приходит по почте.\n"),
    "koi8-u": ("id;text\n1;Як відновити пароль: натисніть посилання на сторінці входу.\n2;Рахунок їде поштою.\n"),
    "cp1253": ("id;text\n1;Για να αλλάξετε τον κωδικό πρόσβασης πατήστε τον σύνδεσμο στη σελίδα.\n"),
    "cp1254": (
        "id;text\n"
        "1;Şifrenizi değiştirmek için giriş sayfasındaki bağlantıya tıklayın.\n"
        "2;Fatura üç iş günü içinde gönderilir.\n"
    ),
    "cp1255": ("id;text\n1;כדי לאפס את הסיסמה לחצו על הקישור בדף הכניסה.\n2;החשבונית תישלח בדואר.\n"),
    "cp1256": ("id;text\n1;لإعادة تعيين كلمة المرور انقر على الرابط في صفحة الدخول.\n2;تصل الفاتورة بالبريد.\n"),
    "cp1257": (
        "id;text\n"
        "1;Norėdami pakeisti slaptažodį, spustelėkite nuorodą prisijungimo puslapyje.\n"
        "2;Sąskaita ateis paštu per tris dienas, prašome palaukti.\n"
    ),
    "mac-roman": ("id;text\n1;Passwort zurücksetzen: größer als zwölf Zeichen, Übersicht öffnen.\n"),
    "cp1252": ("id;text\n1;Le mot de passe a été oublié, cliquez sur « déjà inscrit » — 5 €.\n"),
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_old_encodings_are_recognised(encoding: str) -> None:
    """A text of two lines is enough, and a sentence says what was decided and that it can be changed."""
    found = decode(TEXTS[encoding].encode(encoding))
    assert (found.text, found.encoding) == (TEXTS[encoding], encoding)
    assert found.note is not None
    assert "choose another encoding" in found.note


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("encoding", ["gb18030", "cp932", "cp949", "cp1251", "cp1256", "cp1252"])
def test_utf_16_without_a_mark_is_read_in_any_script(mark: str, encoding: str) -> None:
    """Its separators and line ends tell."""
    found = decode(TEXTS[encoding].encode(mark))
    assert (found.text, found.encoding) == (TEXTS[encoding], mark)


def test_every_encoding_that_is_offered_is_one() -> None:
    """Under the name by which it is asked for, and whatever the bytes are."""
    assert all(text_codec(name) is not None for name in ENCODINGS)
    assert all(decode(bytes(range(32, 256)), name).text for name in ENCODINGS)


def test_too_few_letters_are_a_doubt_that_is_said() -> None:
    """A single word may be anything; the sentence says so instead of being silent."""
    found = decode("heslo změnit".encode("cp1250"))
    assert "too few letters in it to be sure" in (found.note or "")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("30-gbk.csv", "如果忘记密码，请在登录页面点击“忘记密码”链接。"),
        ("33-cp1251.csv", "Как восстановить пароль: нажмите ссылку на странице входа."),
        ("34-cp1250.csv", "Jak změnit heslo: klikněte na odkaz na přihlašovací stránce."),
        ("35-macroman.csv", "Passwort zurücksetzen: größer als zwölf Zeichen, Übersicht öffnen."),
    ],
)
def test_cases_from_the_field(name: str, first: str) -> None:
    """The letters are right, and the note stands on both imports."""
    data = (CASES / name).read_bytes()
    parsed = read_documents(name, data)
    assert parsed.documents[0].text == first
    assert "choose another encoding" in parsed.notes[0]
    assert "choose another encoding" in read(name, data, kind="table").reading_notes[0]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1255", "איך לאפס את הסיסמה שלך באתר שלנו"),
        ("cp1255", "החשבונית נשלחת בדואר אלקטרוני בתוך שלושה ימים"),
        ("big5", "id,text\n1,如果忘記密碼，請在登入頁面點擊連結。\n2,發票將在付款後三個工作日內寄送。\n"),
        ("cp1251", "как восстановить пароль: нажмите ссылку на странице входа"),
        ("cp1251", "счет приходит по почте в течение трех дней после оплаты заказа"),
        ("cp1251", "фактурата пристига по пощата до три дни, проверете имейла си"),
        ("cp932", "パスワードを再設定する方法について説明します。"),
        ("cp932", "id,text\n1,注文を取り消すには、購入履歴を開いて、荷物を選んでください。\n"),
        ("cp932", "入金の確認には1時間ほどかかります。"),
        ("euc-jp", "消えた録画は当社でも元に戻せません"),
        ("euc-jp", "手数料は220円です。"),
        ("cp949", "배송비는 무료입니다 ㅋㅋㅋ"),
        ("koi8-r", "Доставка бесплатна"),
    ],
)
def test_scripts_that_are_like_each_other_in_old_encodings(encoding: str, text: str) -> None:
    """Hebrew is good Cyrillic byte by byte, Chinese good half-width Japanese, and Japanese good Korean."""
    found = decode(text.encode(encoding))
    assert (found.text, found.encoding) == (text, encoding)
