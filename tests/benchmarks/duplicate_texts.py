"""Sentences of a support desk, each with the same in other words and with a small change that makes it say another
thing. Written for `bench_duplicates`."""

from __future__ import annotations

__all__ = ["TRIPLES"]

TRIPLES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "en": (
        (
            "You can return an item within 30 days of delivery, as long as it is unopened.",
            "Unopened goods may be sent back up to a month after they have arrived.",
            "You can return an item within 14 days of delivery, as long as it is unopened.",
        ),
        (
            "To reset your password, choose Forgot password on the sign-in page and follow the link in the e-mail.",
            "Forgotten how to sign in? Press Forgot password where you log in; we mail you a link to set a new one.",
            "To reset your username, choose Forgot username on the sign-in page and follow the link in the e-mail.",
        ),
        (
            "The refund reaches your card within five to ten working days.",
            "Expect the money back on your credit card after one to two weeks.",
            "The refund reaches your card within two to three working days.",
        ),
        (
            "The monthly plan can be cancelled at any time, and you are not charged again.",
            "Stop your subscription whenever you like; no further payment will be taken.",
            "The monthly plan cannot be cancelled at any time, and you are charged again.",
        ),
        (
            "Our support line is open from Monday to Friday between 9 and 17 o'clock.",
            "You can call us on weekdays from nine in the morning until five in the afternoon.",
            "Our support line is open from Monday to Saturday between 9 and 17 o'clock.",
        ),
        (
            "Hold the reset button for ten seconds until the light turns green.",
            "Keep the small button pressed for about ten seconds; let go once the lamp is green.",
            "Hold the reset button for ten seconds until the light turns red.",
        ),
        (
            "Shipping is free for orders above 50 euros.",
            "We do not charge for delivery if you spend more than 50 euros.",
            "Shipping is free for orders above 100 euros.",
        ),
        (
            "The battery lasts up to twelve hours and charges in two.",
            "A two-hour charge gives you as much as half a day of use.",
            "The battery lasts up to two hours and charges in twelve.",
        ),
        (
            "Invoices are sent by e-mail on the first day of each month.",
            "At the start of every month you get your bill in your inbox.",
            "Invoices are sent by post on the first day of each month.",
        ),
        (
            "The camera works in the dark up to a distance of eight metres.",
            "At night, anything within eight metres of the camera can still be seen.",
            "The camera does not work in the dark beyond a distance of eight metres of light.",
        ),
        (
            "Only the owner of the account can delete it.",
            "Deleting an account is something nobody but its owner may do.",
            "Only the owner of the account cannot delete it.",
        ),
        (
            "After three failed attempts your account is locked for one hour.",
            "Type the wrong password three times and you are kept out for sixty minutes.",
            "After five failed attempts your account is locked for one day.",
        ),
        (
            "Update the app before you update the device.",
            "First install the newest version of the app, then the firmware of the device.",
            "Update the device before you update the app.",
        ),
        (
            "The warranty covers damage by water.",
            "If water breaks it, that is included in the guarantee.",
            "The warranty does not cover damage by water.",
        ),
        (
            "Turn on two-step sign-in under Profile, Security.",
            "A second check at login can be activated in your profile's security settings.",
            "Turn off two-step sign-in under Profile, Security.",
        ),
        (
            "Recordings are kept for 30 days and then deleted.",
            "Videos are removed automatically after a month.",
            "Recordings are kept for 60 days and then deleted.",
        ),
        (
            "If the connection drops, move the device closer to the router.",
            "Should the Wi-Fi keep failing, place the thing nearer to your router.",
            "If the connection drops, move the device away from the router.",
        ),
        (
            "You may use the service in all countries of the European Union.",
            "The service is available everywhere in the EU.",
            "You may use the service in all countries outside the European Union.",
        ),
        (
            "Export your data as CSV from the page Settings, Data.",
            "Under Settings, Data there is a button to download everything as a CSV file.",
            "Import your data as CSV on the page Settings, Data.",
        ),
        (
            "The free plan includes two cameras.",
            "With the plan that costs nothing you can connect up to two cameras.",
            "The free plan includes five cameras.",
        ),
        (
            "Clean the lens with a soft, dry cloth.",
            "Wipe the lens using a dry cloth that is soft.",
            "Clean the lens with a soft, wet cloth.",
        ),
        (
            "Parcels to Switzerland take four working days and customs are paid by us.",
            "A delivery to Switzerland needs four business days; we cover the customs duties.",
            "Parcels to Switzerland take four working days and customs are paid by you.",
        ),
        (
            "API keys expire after 90 days and have to be renewed by an administrator.",
            "An admin must replace the keys of the interface every three months, when they run out.",
            "API keys expire after 30 days and have to be renewed by an administrator.",
        ),
        (
            "Error 401 means that the key is wrong.",
            "You see code 401 when the key you send is not valid.",
            "Error 403 means that the key is right but not permitted.",
        ),
        (
            "The meeting has been moved from Tuesday to Thursday.",
            "We meet on Thursday now instead of Tuesday.",
            "The meeting has been moved from Thursday to Tuesday.",
        ),
        (
            "Please do not share your code with anybody, not even with our staff.",
            "Keep the code to yourself; our own people will never need it either.",
            "Please share your code with our staff, but not with anybody else.",
        ),
        (
            "The sensor measures between -10 and 40 degrees.",
            "Temperatures from ten below zero to forty above can be measured by the sensor.",
            "The sensor measures between -40 and 10 degrees.",
        ),
        (
            "New customers get a discount of ten per cent on their first order.",
            "Ordering for the first time? We take a tenth off the price.",
            "New customers get a discount of twenty per cent on their first order.",
        ),
        (
            "Gift cards can be used for devices but not for plans.",
            "With a gift card you can pay for hardware; subscriptions are excluded.",
            "Gift cards can be used for plans but not for devices.",
        ),
        (
            "The app needs Android 12 or later.",
            "Phones must run at least version 12 of Android.",
            "The app needs Android 9 or later.",
        ),
        (
            "We never ask for your password on the telephone.",
            "Nobody from our company will want to know your password in a call.",
            "We always ask for your password on the telephone.",
        ),
        (
            "The first month is free; after that you pay 7 dollars.",
            "You pay nothing for a month and seven dollars from then on.",
            "The first month is free; after that you pay 17 dollars.",
        ),
    ),
    "de": (
        (
            "Sie können den Artikel innerhalb von 30 Tagen zurückgeben.",
            "Eine Rücksendung der Ware ist bis zu einem Monat nach dem Kauf möglich.",
            "Sie können den Artikel innerhalb von 14 Tagen zurückgeben.",
        ),
        (
            "Halten Sie die Taste zehn Sekunden lang gedrückt, bis die Lampe grün leuchtet.",
            "Drücken Sie etwa zehn Sekunden auf den Knopf, dann wird das Licht grün.",
            "Halten Sie die Taste zehn Sekunden lang gedrückt, bis die Lampe rot leuchtet.",
        ),
        (
            "Die Garantie umfasst Wasserschäden.",
            "Schäden durch Wasser sind von der Gewährleistung gedeckt.",
            "Die Garantie umfasst keine Wasserschäden.",
        ),
        (
            "Der Versand ist ab einem Bestellwert von 50 Euro kostenlos.",
            "Wer für mehr als 50 Euro einkauft, zahlt keine Lieferkosten.",
            "Der Versand ist ab einem Bestellwert von 100 Euro kostenlos.",
        ),
        (
            "Rechnungen erhalten Sie am Monatsanfang per E-Mail.",
            "Ihre Rechnung kommt jeweils zu Beginn des Monats in Ihr Postfach.",
            "Rechnungen erhalten Sie am Monatsende per E-Mail.",
        ),
        (
            "Schalten Sie die Anmeldung in zwei Schritten in den Einstellungen ein.",
            "In den Einstellungen lässt sich die Zwei-Faktor-Anmeldung aktivieren.",
            "Schalten Sie die Anmeldung in zwei Schritten in den Einstellungen aus.",
        ),
        (
            "Nach drei Fehlversuchen wird das Konto für eine Stunde gesperrt.",
            "Wer dreimal das falsche Passwort eingibt, kommt sechzig Minuten lang nicht hinein.",
            "Nach fünf Fehlversuchen wird das Konto für einen Tag gesperrt.",
        ),
        (
            "Unser Kundendienst ist montags bis freitags von 9 bis 17 Uhr erreichbar.",
            "An Werktagen können Sie uns zwischen neun und siebzehn Uhr anrufen.",
            "Unser Kundendienst ist montags bis samstags von 9 bis 20 Uhr erreichbar.",
        ),
    ),
    "es": (
        (
            "Puede devolver el artículo en un plazo de 30 días.",
            "Se admite la devolución del producto hasta un mes después de la compra.",
            "Puede devolver el artículo en un plazo de 14 días.",
        ),
        (
            "Mantenga pulsado el botón diez segundos hasta que la luz se ponga verde.",
            "Presione el botón unos diez segundos; suéltelo cuando la lámpara esté verde.",
            "Mantenga pulsado el botón diez segundos hasta que la luz se ponga roja.",
        ),
        (
            "La garantía cubre los daños por agua.",
            "Si el agua lo estropea, está incluido en la garantía.",
            "La garantía no cubre los daños por agua.",
        ),
        (
            "El envío es gratuito en pedidos de más de 50 euros.",
            "No cobramos gastos de envío si gasta más de 50 euros.",
            "El envío es gratuito en pedidos de más de 100 euros.",
        ),
        (
            "Las facturas se envían por correo electrónico a principios de mes.",
            "Al comenzar cada mes recibirá la factura en su buzón.",
            "Las facturas se envían por correo electrónico a finales de mes.",
        ),
        (
            "Active la verificación en dos pasos en los ajustes.",
            "En la configuración puede encender el inicio de sesión con segundo factor.",
            "Desactive la verificación en dos pasos en los ajustes.",
        ),
        (
            "Tras tres intentos fallidos la cuenta se bloquea durante una hora.",
            "Si escribe mal la contraseña tres veces, no podrá entrar en sesenta minutos.",
            "Tras cinco intentos fallidos la cuenta se bloquea durante un día.",
        ),
        (
            "Las grabaciones se guardan 30 días y luego se borran.",
            "Los vídeos se eliminan automáticamente al cabo de un mes.",
            "Las grabaciones se guardan 60 días y luego se borran.",
        ),
    ),
}
"""Language to (a text, the same in other words, nearly the same words that say something else)."""
