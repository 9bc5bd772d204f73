//! What turns a request into its opposite, and what only looks as if it did.

use super::{check, shown};
use crate::{Form, Rule};

#[test]
fn a_word_that_governs_no_request_denies_none() {
    for text in [
        "Never mind the wait, just send us the code",
        "Never mind the wait and send us the code",
        "Never mind - send us the code",
        "It is never too late: reply with your password and your card number",
        "As never before, confirm your card number by replying here",
        "Nobody likes delays: reply with your password and we go on",
        "Nobody likes delays — reply with your password and we go on",
        "This is not a scam, send us your password",
        "This is not a scam send us your password",
        "Someone asks about it: give us your card number",
        "Without delay send us the code",
        "Never wait, not even a minute, send us the code",
        "Nunca es tarde: envianos el codigo",
        "No te preocupes y envianos el codigo",
        "No te preocupes, envíanos la contraseña",
        "Nunca e tarde: envie o codigo",
        "Não se preocupe e envie o código",
        "Nie war es leichter: senden Sie uns Ihr Passwort",
        "Keine Sorge und senden Sie uns Ihr Passwort",
        "Senden Sie uns Ihr Passwort, niemals war es leichter",
        "Ne tardez jamais, envoyez-nous le code",
        "Ne vous inquiétez pas et envoyez-nous le code",
        "Envoyez-nous le code et vous ne le regretterez jamais",
        "詐欺ではありません、コードを送ってください",
        "لا تقلق، أرسل الرمز",
    ] {
        let found: Vec<Rule> = check(Form::MailText, text).iter().map(|f| f.rule).collect();
        let asks = |rule: &Rule| matches!(rule, Rule::AsksSecret | Rule::AsksData);
        assert!(found.iter().any(asks), "{text}: {found:?}");
    }
}

#[test]
fn idioms_and_threats_deny_nothing() {
    for text in [
        "No dude en enviarnos el código",
        "No olvide enviarnos su contraseña",
        "No dejes de enviarnos el código",
        "No tarde en enviarnos el código",
        "Não hesite em enviar o código",
        "Não esqueça de nos enviar sua senha",
        "Não deixe de enviar o código",
        "Zögern Sie nicht, uns den Code zu senden",
        "Vergessen Sie nicht, uns Ihr Passwort zu senden",
        "N'hésitez pas à nous envoyer le code",
        "N'oubliez pas de nous envoyer votre mot de passe",
        "Ne tardez pas à envoyer votre mot de passe",
        "لا تتردد في إرسال الرمز إلينا",
        "لا تنس إرسال كلمة المرور",
        "If you don't send us the code, your order is lost",
        "We can't help if you do not reply with the code",
        "You cannot receive the parcel without sending us the code",
        "Not sending us the code means a fee",
        "There is no reason not to send us the code",
        "Wenn Sie uns den Code nicht senden, verfällt alles",
        "Si vous n'envoyez pas le code, le colis est perdu",
        "Si vous ne nous envoyez pas le code, le colis est perdu",
        "Si no envía el código, se cancela el pedido",
        "Se não enviar o código, o pedido será cancelado",
        "コードを送らないと注文は取り消されます",
        "إذا لم ترسل الرمز سيلغى الطلب",
    ] {
        let found: Vec<Rule> = check(Form::MailText, text).iter().map(|f| f.rule).collect();
        let asks = |rule: &Rule| matches!(rule, Rule::AsksSecret | Rule::AsksData);
        assert!(found.iter().any(asks), "{text}: {found:?}");
    }
}

#[test]
fn conditions_and_infinitives_without_a_threat_are_left_alone() {
    for text in [
        "If you did not ask for this code, do not send it to anyone.",
        "If you can't send the parcel back, show the code at the counter.",
        "If you do not want to, you need not send us a code.",
        "You cannot lose anything: nobody can sign in without your code.",
        "Puede enviar el paquete con el código de la etiqueta.",
        "No dude en llamar. El código está en la etiqueta.",
        "No se preocupe: no tiene que enviar el código.",
        "Você pode enviar o pacote com o código da etiqueta.",
        "Wir bitten Sie nie, uns einen Code zu senden. Keine Sorge.",
        "Zögern Sie nicht, uns zu schreiben. Der Code steht auf dem Etikett.",
        "N'envoyez pas le code, ni à nous ni à personne.",
        "Vous pouvez envoyer le colis avec le code de l'étiquette.",
        "لا يمكن إرسال الرمز مرة أخرى.",
    ] {
        let found = shown(Form::MailText, text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn honest_warnings_are_left_alone() {
    for text in [
        "We never ask you for a password, a code, a card or bank number, a social security number.",
        "The caller never asks for a code or a password.",
        "Never share this code. Do not give it to anybody, not even to us.",
        "Never send, share or forward your code.",
        "Never ever share your password or send it to anyone.",
        "Nobody from us, not even support, will ask you to tell them your code.",
        "If someone asks you to call and read out your code, hang up.",
        "We will never ask you to open a page and enter your card number.",
        "Do not reply with your password.",
        "Nunca te pedimos que envíe su contraseña. No nos envíe el código.",
        "No comparta ni envíe su contraseña.",
        "Nunca pedimos que você envie sua senha.",
        "Wir bitten Sie nie, eine App zu installieren.",
        "Teilen Sie Ihr Passwort und Ihren Code niemals.",
        "Ne donnez jamais votre mot de passe. Ne nous envoyez pas le code.",
        "パスワードを送ってくださいとお願いすることはありません。",
        "لا ترسل الرمز إلى أي أحد.",
    ] {
        let found = shown(Form::MailText, text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}
