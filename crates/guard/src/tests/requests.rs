//! Requests in other words than the usual ones, and what they must not be taken for.

use super::{check, shown};
use crate::{Form, Rule};

#[test]
fn requests_in_other_words_are_stopped() {
    for text in [
        "Type the long number on the front of your card into this chat",
        "Answer this message with the six digits you just got",
        "Your card's three digits on the back are needed, reply here",
        "What is the code you just got? Write it back here.",
        "send us the c o d e",
        "send us the p-a-s-s-w-o-r-d",
        "send us the c.0.d.e",
        "send us “c\u{a0}o\u{a0}d\u{a0}e”…",
        "Responde a este mensaje con los seis dígitos",
        "¿Cuál es el código que recibiste? Escríbelo aquí.",
        "Responda a esta mensagem com os seis dígitos",
        "Qual é o código? Escreva aqui.",
        "Antworten Sie auf diese Nachricht mit den sechs Ziffern",
        "Wie lautet der Code? Schreiben Sie ihn hier.",
        "Répondez à ce message avec les six chiffres",
        "Quel est le code ? Écrivez-le ici.",
        "Give me the 6 numbers we texted you",
        "Read out the number on your phone to our colleague",
        "Forward the SMS you just received to us",
        "Screenshot the message with the code and mail it to us",
        "Dime el código que te llegó",
        "Me diz o código que chegou",
        "Donne-moi le code reçu par SMS",
        "コード教えてね",
        "コードを教えて下さい",
        "アカウントが停止されてしまったのでコードを送ってください",
        "أعطني الكود الذي وصلك",
        "6桁の数字を送ってください",
        "رد على هذه الرسالة بالأرقام الستة",
        "ما هو الرمز؟ اكتبه هنا",
    ] {
        let found: Vec<Rule> = check(Form::MailText, text).iter().map(|f| f.rule).collect();
        let asks = |rule: &Rule| matches!(rule, Rule::AsksSecret | Rule::AsksData);
        assert!(found.iter().any(asks), "{text}: {found:?}");
    }
}

#[test]
fn other_words_that_ask_for_nothing_are_left_alone() {
    for text in [
        "The return code is on the label. Pack the lamp and send it back within 30 days.",
        "Your coupon code is SPRING. Reply here if you have a question.",
        "If the coupon code does not work, reply here.",
        "What is the code? Never write it here.",
        "The driver asks for nothing. The six digits are on the slip.",
        "Sizes: S M L X. Plan A B C.",
        "Geben Sie nichts weiter. Schreiben Sie uns, wenn etwas fehlt.",
        "Si falta algo, escríbenos.",
        "コードを他人に教えてはいけません。",
        "コードを教えてしまった場合は、パスワードを変更してください。",
        "The texts you received are in your Message Center.",
        "Take a screenshot if the page looks odd.",
        "返品する場合は、箱の番号をご確認のうえ、発送いただけます。",
    ] {
        let found = shown(Form::MailText, text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn where_to_pay_is_stopped_beside_a_request_to_pay() {
    for (text, found) in [
        ("Pay 20 EUR into account 12345678", "12345678"),
        ("Wire the money to routing 021000021", "021000021"),
        ("Pix para chave 123.456.789-09", "123.456.789-09"),
        ("Faça um Pix para 11987654321", "11987654321"),
        ("Zelle it to bob@evil.com", "bob@evil.com"),
        ("Venmo @evil-shop 20 dollars", "@evil"),
        ("Cash app $evilshop", "$evilshop"),
        ("振込先 三菱UFJ 普通 1234567 へお振込みください", "1234567"),
    ] {
        let all = shown(Form::MailText, text);
        let wanted = format!("asks_payment: {found}");
        assert!(all.contains(&wanted), "{text}: {all:?}");
    }
    for honest in [
        "Your account number is 12345678.",
        "The refund of 20 EUR goes to account 12345678.",
        "Never pay into account 12345678.",
        "Pay in your account. Order 12345678.",
        "O reembolso foi feito por Pix.",
        "普通郵便 1234567",
        "We take into account what you pay.",
        "Cash app holder, $20.00",
    ] {
        let found = shown(Form::MailText, honest);
        assert!(found.is_empty(), "{honest}: {found:?}");
    }
}

#[test]
fn accounts_and_wallets_beside_a_request_to_pay_are_stopped() {
    for (text, found) in [
        (
            "Please pay the fee of 5 EUR to DE89370400440532013000",
            "DE89370400440532013000",
        ),
        (
            "Pay the fee to DE89 3704 0044 0532 0130 00 today",
            "DE89 3704 0044 0532 0130 00",
        ),
        (
            "Überweisen Sie 5 EUR an GB82 WEST 1234 5698 7654 32.",
            "GB82 WEST 1234 5698 7654 32",
        ),
        (
            "Transfiere 5 EUR a ES9121000418450200051332",
            "ES9121000418450200051332",
        ),
        (
            "Fee: bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
            "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        ),
        (
            "Send 0.1 to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
            "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        ),
    ] {
        let all = shown(Form::MailText, text);
        assert!(
            all.contains(&format!("asks_payment: {found}")),
            "{text}: {all:?}"
        );
    }
    for honest in [
        "We paid 5 EUR to DE89370400440532013000.",
        "Pay in your account. Order DE89370400440532013001",
        "Your refund of 5 EUR went to DE89370400440532013000.",
        "Never pay to DE89370400440532013000.",
        "Bitcoin: what it is. The lightning: a story.",
    ] {
        let found = shown(Form::MailText, honest);
        assert!(found.is_empty(), "{honest}: {found:?}");
    }
}
