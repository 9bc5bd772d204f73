//! Mails as servers and people write them. The samples are made up after the forms that
//! each server has; names and addresses are nobody's.

use model::{DeliveryId, Id};
use proptest::prelude::*;

use super::BounceClass::{Delayed, Full, Hard, Policy, Soft};
use super::*;

fn reader() -> Reader {
    Reader {
        addresses: Addresses::new("in.marigold.example", &[7; 32]).unwrap(),
        authority: Some("mx.marigold.example".into()),
    }
}

fn delivery() -> DeliveryId {
    DeliveryId::from_i64(77)
}

fn read(mail: &str, to: Address, null_sender: bool) -> MailIn {
    let mail = mail.replace('\n', "\r\n");
    reader().read(mail.as_bytes(), to, null_sender)
}

fn bounce(mail: &str) -> (BounceClass, String) {
    match read(mail, Address::Bounce(delivery()), true) {
        MailIn::Bounce(bounce) => (bounce.class, bounce.code),
        other => panic!("{other:?}: {mail}"),
    }
}

/// A report of RFC 3464: who writes, the words for people, the block of the recipient.
fn report(from: &str, words: &str, block: &str) -> String {
    format!(
        "From: {from}\nTo: <b-x@in.marigold.example>\nSubject: Undelivered Mail Returned to Sender\n\
         Auto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"=_b/1\"\n\n\
         --=_b/1\nContent-Type: text/plain; charset=us-ascii\n\n{words}\n\n\
         --=_b/1\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.customers.example\nArrival-Date: Sun, 22 Nov 2026 09:30:00 +0000\n\n\
         {block}\n\n--=_b/1\nContent-Type: text/rfc822-headers\n\n\
         From: Marigold <messages@marigold.example>\nSubject: 550 5.7.1 offers\n\n--=_b/1--\n"
    )
}

/// Who writes, the words for people, the recipient's block; the class and the code.
const REPORTS: [(&str, &str, &str, BounceClass, &str); 15] = [
    // Postfix
    (
        "MAILER-DAEMON@mx.customers.example (Mail Delivery System)",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "Final-Recipient: rfc822; ana@customers.example\nOriginal-Recipient: rfc822;ana@customers.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.customers.example\nDiagnostic-Code: smtp; 550 5.1.1 <ana@customers.example>: Recipient address\n    rejected: User unknown in virtual mailbox table",
        Hard,
        "550 5.1.1",
    ),
    (
        "MAILER-DAEMON@mx.customers.example",
        "",
        "Final-Recipient: rfc822; ana@gone.example\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Host or domain name not found. Name service error\n    for name=gone.example type=AAAA: Host not found",
        Hard,
        "5.4.4",
    ),
    (
        "MAILER-DAEMON@mx.customers.example",
        "",
        "Final-Recipient: rfc822; ana@customers.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx.customers.example[192.0.2.5]:25: Connection timed out\nWill-Retry-Until: Fri, 27 Nov 2026 09:30:00 +0000",
        Delayed,
        "4.4.1",
    ),
    (
        "MAILER-DAEMON@mx.customers.example",
        "",
        "Final-Recipient: rfc822; ana@customers.example\nAction: failed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx.customers.example[192.0.2.5]:25: Connection timed out",
        Soft,
        "4.4.1",
    ),
    // Gmail
    (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Address not found",
        "Final-Recipient: rfc822; ana@customers.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.customers.example. (192.0.2.5)\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550-5.1.1 double-checking the recipient's email address for typos or\n 550 5.1.1 unnecessary spaces. a1si1 - gsmtp\nLast-Attempt-Date: Sun, 22 Nov 2026 01:30:00 -0800 (PST)",
        Hard,
        "550 5.1.1",
    ),
    (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "",
        "Final-Recipient: rfc822; ana@customers.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552-5.2.2 The recipient's inbox is out of storage space.\n 552 5.2.2 a1si1 - gsmtp",
        Full,
        "552 5.2.2",
    ),
    (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "",
        "Final-Recipient: rfc822; ana@customers.example\nAction: failed\nStatus: 5.7.26\nDiagnostic-Code: smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
        Policy,
        "550 5.7.26",
    ),
    // Microsoft 365
    (
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@customers.example>",
        "Your message to ana@customers.example couldn't be delivered.",
        "Final-Recipient: rfc822;ana@customers.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        Hard,
        "550 5.1.10",
    ),
    (
        "postmaster@customers.example",
        "",
        "Final-Recipient: rfc822;ana@customers.example\nAction: failed\nStatus: 5.4.1\nDiagnostic-Code: smtp;550 5.4.1 Recipient address rejected: Access denied. [AM3PR01.eurprd01.example 2026-11-22T09:30:00.000Z]",
        Hard,
        "550 5.4.1",
    ),
    (
        "postmaster@customers.example",
        "",
        "Final-Recipient: rfc822;ana@customers.example\nAction: failed\nStatus: 5.7.515\nDiagnostic-Code: smtp;550 5.7.515 Access denied, sending domain MARIGOLD.EXAMPLE does not meet the required authentication level",
        Policy,
        "550 5.7.515",
    ),
    // Exchange: the diagnosis has the code behind a number sign.
    (
        "postmaster@customers.example",
        "",
        "Final-Recipient: rfc822;ana@customers.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; #5.1.1 smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
        Hard,
        "550 5.1.1",
    ),
    // Yahoo
    (
        "MAILER-DAEMON@yahoo.example",
        "",
        "Final-Recipient: rfc822; ana@customers.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 554 30 Sorry, your message to ana@customers.example cannot be delivered. This mailbox is disabled (554.30).",
        Soft,
        "554 5.0.0",
    ),
    (
        "MAILER-DAEMON@yahoo.example",
        "",
        "Final-Recipient: rfc822; ana@customers.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 554 delivery error: dd This user doesn't have a yahoo.example account (ana@yahoo.example) [0]",
        Hard,
        "554 5.0.0",
    ),
    // sendmail
    (
        "Mail Delivery Subsystem <MAILER-DAEMON@customers.example>",
        "   ----- The following addresses had permanent fatal errors -----\n<ana@customers.example>\n    (reason: 550 5.1.1 <ana@customers.example>... User unknown)",
        "Final-Recipient: RFC822; ana@customers.example\nAction: failed\nStatus: 5.1.1 (bad destination mailbox address)\nDiagnostic-Code: SMTP; 550 5.1.1 <ana@customers.example>... User unknown\nLast-Attempt-Date: Sun, 22 Nov 2026 09:30:00 GMT",
        Hard,
        "550 5.1.1",
    ),
    // Exim: its status says nothing, the words for people do.
    (
        "Mail Delivery System <Mailer-Daemon@customers.example>",
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  ana@customers.example\n    Unrouteable address\n",
        "Action: failed\nFinal-Recipient: rfc822;ana@customers.example\nStatus: 5.0.0",
        Hard,
        "5.0.0",
    ),
];

#[test]
fn reports_of_the_servers_of_the_world() {
    for (from, words, block, class, code) in REPORTS {
        let mail = report(from, words, block);
        assert_eq!(bounce(&mail), (class, code.to_owned()), "{block}");
        // The address it came to decides nothing, nor does the envelope.
        let to = Address::Reply(delivery());
        assert!(matches!(read(&mail, to, false), MailIn::Bounce(_)));
    }
}

#[test]
fn a_report_of_success_or_of_nothing() {
    let block = "Final-Recipient: rfc822; ana@customers.example\nAction: ";
    let of = |action: &str| {
        report(
            "postmaster@a.example",
            "",
            &format!("{block}{action}\nStatus: 2.0.0"),
        )
    };
    assert_eq!(bounce(&of("delivered")).0, BounceClass::Delivered);
    assert_eq!(bounce(&of("relayed")).0, BounceClass::Delayed);
    let nothing = of("wonderful");
    let to = Address::Bounce(delivery());
    assert_eq!(read(&nothing, to, true), MailIn::Unreadable);
    let many = format!(
        "{block}delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; bo@customers.example\nAction: failed\nStatus: 5.1.1"
    );
    assert_eq!(
        bounce(&report("postmaster@a.example", "", &many)).0,
        BounceClass::Hard
    );
}

#[test]
fn notices_that_are_only_text() {
    for (mail, class, code) in [
        // qmail
        (
            "From: MAILER-DAEMON@customers.example\nSubject: failure notice\n\nHi. This is the qmail-send program at customers.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<ana@customers.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nSubject: 5.7.1 spam\n",
            Hard,
            "5.1.1",
        ),
        // Exim of old
        (
            "From: Mail Delivery System <Mailer-Daemon@customers.example>\nX-Failed-Recipients: ana@customers.example\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n  ana@customers.example\n    host mx.customers.example [192.0.2.5]\n    SMTP error from remote mail server after RCPT TO:<ana@customers.example>:\n    550 No such user here\n\n------ This is a copy of the message, including all the headers. ------\n\nSubject: 552 5.2.2\n",
            Hard,
            "550",
        ),
        (
            "From: Mail Delivery System <Mailer-Daemon@customers.example>\nSubject: Warning: message 1abCdE-0001 delayed 24 hours\n\nThe message has not yet been delivered. No action is required on your part.\n",
            Delayed,
            "",
        ),
        // sendmail of old
        (
            "From: Mail Delivery Subsystem <MAILER-DAEMON@customers.example>\nSubject: Returned mail: see transcript for details\n\n   ----- Transcript of session follows -----\n... while talking to mx.customers.example.:\n>>> DATA\n<<< 552 5.2.2 Over quota\n",
            Full,
            "552 5.2.2",
        ),
        (
            "From: postmaster@customers.example\nSubject: Undeliverable: Your parcel\n\nYour message was blocked by our content policy.\n",
            Policy,
            "",
        ),
        (
            "From: postmaster@customers.example\nSubject: Undeliverable: Your parcel\n\nSomething went wrong.\n",
            Soft,
            "",
        ),
        // In HTML only.
        (
            "From: postmaster@customers.example\nSubject: Undeliverable\nMIME-Version: 1.0\nContent-Type: text/html\n\n<html><body><p>Delivery failed:</p><p>smtp; <b>550&nbsp;5.1.1</b> User unknown</p></body></html>\n",
            Hard,
            "550 5.1.1",
        ),
    ] {
        assert_eq!(bounce(mail), (class, code.to_owned()), "{mail}");
    }
}

fn complaint(from: &str, kind: &str, copy: &str) -> String {
    format!(
        "From: {from}\nSubject: FW: Your parcel\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=arf\n\n\
         --arf\nContent-Type: text/plain\n\nThis is an abuse report.\n\n\
         --arf\nContent-Type: message/feedback-report\n\n\
         Feedback-Type: {kind}\nUser-Agent: Loop/1.0\nVersion: 1\nOriginal-Rcpt-To: redacted\n\n\
         --arf\nContent-Type: message/rfc822\n\n{copy}\n\n--arf--\n"
    )
}

#[test]
fn complaints_name_the_delivery_by_an_address_of_ours() {
    let own = reader().addresses.sign(Address::Unsubscribe(delivery()));
    let copy = format!(
        "From: Marigold <messages@marigold.example>\nTo: redacted\nList-Unsubscribe: <mailto:{own}>\nSubject: x\n\nhello"
    );
    for (word, kind) in [
        ("abuse", ComplaintKind::Abuse),
        ("FRAUD", ComplaintKind::Fraud),
        ("virus", ComplaintKind::Virus),
        ("opt-out", ComplaintKind::Other),
        ("not-spam", ComplaintKind::NotSpam),
        ("auth-failure", ComplaintKind::AuthFailure),
    ] {
        let mail = complaint("feedback@loop.example", word, &copy);
        let about = Some(delivery());
        let expected = MailIn::Complaint(Complaint { kind, about });
        assert_eq!(read(&mail, Address::Complaints, false), expected);
    }
    let forged = complaint("f@loop.example", "abuse", &copy.replace("u-0", "u-1"));
    let nobody = MailIn::Complaint(Complaint {
        kind: ComplaintKind::Abuse,
        about: None,
    });
    assert_eq!(read(&forged, Address::Complaints, false), nobody);
    // To an address that names one, whatever the copy holds.
    let to = Address::Bounce(delivery());
    let MailIn::Complaint(found) = read(&forged, to, true) else {
        panic!("a complaint");
    };
    assert_eq!(found.about, Some(delivery()));
    // A provider that only attaches the mail.
    let attached = format!(
        "From: staff@hotmail.example\nSubject: complaint\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n{copy}\n--a--\n"
    );
    assert!(matches!(
        read(&attached, Address::Complaints, false),
        MailIn::Complaint(Complaint {
            kind: ComplaintKind::Abuse,
            about: Some(_)
        })
    ));
    let words = "From: a@b.example\nSubject: hello\n\nI want to complain.\n";
    assert_eq!(read(words, Address::Complaints, false), MailIn::Unreadable);
}

#[test]
fn people_answer_and_machines_are_not_heard() {
    let person = "From: Ana <ana@customers.example>\nSubject: Re: Your parcel\n\
                  Authentication-Results: mx.marigold.example; dmarc=pass header.from=customers.example\n\
                  Authentication-Results: evil.example; spf=pass\n\n\
                  STOP\n\nOn Sun, Marigold wrote:\n> hello\n";
    let MailIn::Reply(reply) = read(person, Address::Reply(delivery()), false) else {
        panic!("an answer");
    };
    assert_eq!(
        (reply.from.open(), reply.text.open()),
        ("ana@customers.example", "STOP")
    );
    assert_eq!(
        (reply.proofs.dmarc, reply.proofs.spf),
        (Proof::Pass, Proof::Unknown)
    );
    // Words of failure in a person's answer are the person's.
    let quoting = person.replace("STOP", "I got 550 5.1.1 user unknown");
    assert!(matches!(
        read(&quoting, Address::Reply(delivery()), false),
        MailIn::Reply(_)
    ));
    for header in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "X-Auto-Response-Suppress: All",
        "List-Id: <a.example>",
    ] {
        let machine = format!("{header}\n{person}");
        for to in [Address::Reply(delivery()), Address::Bounce(delivery())] {
            assert_eq!(read(&machine, to, false), MailIn::AutoReply, "{header}");
        }
        // Mail programs unsubscribe for their readers.
        let to = Address::Unsubscribe(delivery());
        assert_eq!(read(&machine, to, false), MailIn::Unsubscribe);
    }
    let away = "From: Ana <ana@customers.example>\nSubject: Out of office\n\nThe user unknown to you is away. 550 5.1.1\n";
    assert_eq!(
        read(away, Address::Bounce(delivery()), true),
        MailIn::AutoReply
    );
    // It repeats a subject of ours, which is about a delivery.
    let about = away.replace("Out of office", "Automatic reply: Delivery failure today");
    let to = Address::Bounce(delivery());
    assert_eq!(read(&about, to, true), MailIn::AutoReply);
    let no = format!("Auto-Submitted: no\n{person}");
    assert!(matches!(
        read(&no, Address::Reply(delivery()), false),
        MailIn::Reply(_)
    ));
    let to = Address::Unsubscribe(delivery());
    assert_eq!(
        read("From: a@b.example\n\n\n", to, false),
        MailIn::Unsubscribe
    );
    assert_eq!(read(person, to, true), MailIn::AutoReply);
}

#[test]
fn html_answers_become_text() {
    let mail = "From: ana@customers.example\nSubject: Re\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<div>n\u{e3}o mais mensagens</div>\n";
    let MailIn::Reply(reply) = read(mail, Address::Reply(delivery()), false) else {
        panic!("an answer");
    };
    assert_eq!(reply.text.open(), "n\u{e3}o mais mensagens");
}

/// In lines, as a mail has it.
fn base64(octets: &[u8]) -> String {
    let lines = octets.chunks(57).map(crate::email::base64);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn bombs_are_not_taken_apart() {
    let to = Address::Reply(delivery());
    let nested = "Content-Type: message/rfc822\n\n".repeat(8_000);
    let boundaries: String = (0..5_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect();
    let digest = "--b\n\n\n".repeat(40_000);
    for bomb in [
        nested.clone(),
        boundaries.clone(),
        format!("Content-Type: multipart/digest; boundary=b\n\n{digest}"),
        format!(
            "Content-Type: multipart/digest; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n{}",
            base64(nested.as_bytes())
        ),
        format!(
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
            base64(nested.as_bytes())
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/global\nContent-Transfer-Encoding: quoted-printable\n\n{}",
            boundaries
                .replace('=', "=3D")
                .replace("Content", "=43ontent")
        ),
    ] {
        let mail = format!("From: a@b.example\nMIME-Version: 1.0\n{bomb}");
        assert_eq!(read(&mail, to, false), MailIn::Unreadable);
    }
    // What just fits is read, on the stack that a task has.
    let digest = "--b\n\n\n".repeat(1_900);
    for deep in [
        "Content-Type: message/rfc822\n\n".repeat(199),
        (0..199)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
            .collect(),
        format!("Content-Type: multipart/digest; boundary=b\n\n{digest}"),
    ] {
        let mail = format!("From: a@b.example\nMIME-Version: 1.0\n{deep}");
        assert!(matches!(read(&mail, to, false), MailIn::Reply(_)));
    }
    // Long, but nothing in it unfolds.
    let long = format!("From: a@b.example\n\nSTOP\n{}", "> x\n".repeat(100_000));
    assert!(matches!(read(&long, to, false), MailIn::Reply(_)));
    let heads = format!("{}\nSTOP\n", "X: y\n".repeat(40_000));
    assert!(matches!(
        read(&heads, to, false),
        MailIn::Reply(_) | MailIn::AutoReply
    ));
}

proptest! {
    #[test]
    fn no_mail_breaks_it(
        pieces in proptest::collection::vec(prop_oneof![
            Just("Content-Type: multipart/report; boundary=b\r\n".to_owned()),
            Just("Content-Type: message/delivery-status\r\n\r\n".to_owned()),
            Just("Content-Type: message/feedback-report\r\n\r\n".to_owned()),
            Just("Content-Type: message/rfc822\r\n".to_owned()),
            Just("Content-Transfer-Encoding: base64\r\n".to_owned()),
            Just("\r\n--b\r\n".to_owned()),
            Just("\r\n\r\n".to_owned()),
            Just("Action: failed\r\nStatus: 5.1.1\r\n".to_owned()),
            Just("Subject: =?utf-8?q?=E9?= returned mail\r\n".to_owned()),
            Just("From: mailer-daemon@a.example\r\n".to_owned()),
            "[ -~]{0,60}",
            "\\PC{0,30}",
        ], 0..30),
        null_sender in any::<bool>(),
        which in 0..4,
    ) {
        let to = match which {
            0 => Address::Bounce(delivery()),
            1 => Address::Reply(delivery()),
            2 => Address::Unsubscribe(delivery()),
            _ => Address::Complaints,
        };
        reader().read(pieces.concat().as_bytes(), to, null_sender);
    }

    #[test]
    fn no_octets_break_it(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        reader().read(&octets, Address::Reply(delivery()), false);
    }
}
