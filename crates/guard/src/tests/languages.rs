//! Each language: what asks, and what promises not to.

use super::shown;
use crate::Form;

/// By rule, in the order of the tables: en, es, pt-BR, de, fr, ja, ar.
const ASKING: [(&str, [&str; 7]); 8] = [
    (
        "asks_secret",
        [
            "Please send us the code.",
            "Envíanos el código que recibiste.",
            "Envie o código que você recebeu.",
            "Bitte senden Sie uns den Code.",
            "Envoyez-nous votre mot de passe.",
            "パスワードを送ってください。",
            "أرسل لنا كلمة المرور.",
        ],
    ),
    (
        "asks_data",
        [
            "Please verify your account details.",
            "Actualiza tus datos personales.",
            "Confirme seus dados bancários.",
            "Bitte bestätigen Sie Ihre Kreditkartennummer.",
            "Veuillez confirmer : saisissez votre numéro de carte.",
            "クレジットカード情報を入力してください。",
            "أدخل رقم بطاقتك.",
        ],
    ),
    (
        "asks_payment",
        [
            "Please pay by bank transfer.",
            "Paga por transferencia bancaria.",
            "Pague direto ao vendedor.",
            "Bitte zahlen Sie per Überweisung.",
            "Payez par virement bancaire.",
            "銀行振込でお支払いください。",
            "ادفع عن طريق تحويل بنكي.",
        ],
    ),
    (
        "asks_gift_card",
        [
            "Buy gift cards for it.",
            "Compra tarjetas regalo.",
            "Compre vales-presente.",
            "Kaufen Sie Geschenkkarten.",
            "Achetez des cartes cadeaux.",
            "ギフトカードを購入してください。",
            "اشتر بطاقات هدايا.",
        ],
    ),
    (
        "asks_app",
        [
            "Install AnyDesk first.",
            "Instala AnyDesk primero.",
            "Instale o aplicativo primeiro.",
            "Installieren Sie zuerst AnyDesk.",
            "Installez cette application.",
            "アプリをインストールしてください。",
            "قم بتثبيت التطبيق أولا.",
        ],
    ),
    (
        "asks_messenger",
        [
            "Let us continue on WhatsApp.",
            "Escríbenos por WhatsApp.",
            "Chama no WhatsApp.",
            "Schreiben Sie mir auf WhatsApp.",
            "Contactez-moi sur WhatsApp.",
            "LINEを友だち追加してください。",
            "تواصل معنا على واتساب.",
        ],
    ),
    (
        "bait",
        [
            "You have won a prize.",
            "Has ganado un premio.",
            "Você ganhou um prêmio.",
            "Sie haben gewonnen.",
            "Vous avez gagné un lot.",
            "おめでとうございます、当選しました。",
            "مبروك! لقد ربحت.",
        ],
    ),
    (
        "hurry",
        [
            "Urgent! Act now!",
            "Urgente: actúa ya.",
            "Urgente: aja agora.",
            "Dringend: sofort antworten.",
            "Urgent : agissez maintenant.",
            "至急、今すぐご対応ください。",
            "عاجل: فورا.",
        ],
    ),
];

#[test]
fn what_asks_is_stopped_in_every_language() {
    for (rule, texts) in ASKING {
        for text in texts {
            let found = shown(Form::Short, text);
            assert!(
                found.iter().any(|f| f.starts_with(rule)),
                "{text}: {found:?}"
            );
        }
    }
}

#[test]
fn what_promises_passes_in_every_language() {
    for text in [
        "We never ask for your password, your code or your card number.",
        "Nunca te pedimos que envíes tu contraseña. No compartas el código con nadie.",
        "No envíe su contraseña ni su número de tarjeta a nadie.",
        "Nunca pedimos que você envie sua senha. Não envie o código a ninguém.",
        "Wir bitten Sie nie, uns ein Passwort zu senden. Senden Sie niemandem den Code.",
        "Geben Sie Ihr Passwort niemals weiter. Teilen Sie den Code nicht.",
        "N'envoyez jamais votre mot de passe. Ne communiquez ce code à personne.",
        "Nous ne vous demandons jamais d'envoyer un code ni un numéro de carte.",
        "パスワードやカード番号をお尋ねすることはありません。コードは誰にも教えないでください。",
        "لا ترسل الرمز إلى أي أحد. لن نطلب منك كلمة المرور أبدًا.",
        "Öffnen Sie Ihr Konto und ändern Sie Ihr Passwort.",
        "Abre tu cuenta y cambia tu contraseña.",
        "Ouvrez votre compte et changez de mot de passe.",
        "アカウントを開いて、パスワードを変更してください。",
        "افتح حسابك وغيّر كلمة المرور.",
    ] {
        let found = shown(Form::MailText, text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}
