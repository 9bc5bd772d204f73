//! Reads `nats://user:password@host:4222,…`. Whoever a log could reach must not see what
//! stands before the `@`, so it is taken out here and goes to the client apart.

use anyhow::{Result, anyhow, bail};
use async_nats::ServerAddr;
use model::Sealed;

/// Where the servers are, and with what to sign in.
pub struct Address {
    /// Without credentials.
    pub servers: Vec<ServerAddr>,
    /// Of the first address that has some.
    pub login: Login,
}

/// What an address says of who we are.
#[derive(Debug, PartialEq, Eq)]
pub enum Login {
    /// Nothing.
    None,
    /// `token@`.
    Token(Sealed),
    /// `user:password@`.
    User(Sealed, Sealed),
}

/// Reads the addresses of one server, or of a cluster between commas.
///
/// # Errors
/// A sentence that does not repeat the address.
pub fn parse(text: &str) -> Result<Address> {
    let mut servers = Vec::new();
    let mut login = Login::None;
    for (place, one) in text.split(',').map(str::trim).enumerate() {
        let (server, its) =
            parse_one(one).map_err(|reason| anyhow!("address {} of NATS: {reason}", place + 1))?;
        servers.push(server);
        if login == Login::None {
            login = its;
        }
    }
    Ok(Address { servers, login })
}

fn parse_one(text: &str) -> Result<(ServerAddr, Login)> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("nats", text));
    if scheme != "nats" && scheme != "tls" {
        bail!("it begins with nats:// or tls://");
    }
    let (before, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    if host.trim_matches('/').is_empty() {
        bail!("the host is missing, as in nats://127.0.0.1:4222");
    }
    let server = format!("{scheme}://{}", host.trim_end_matches('/'))
        .parse()
        .map_err(|_| anyhow!("host and port are not readable, as in nats://127.0.0.1:4222"))?;
    let login = match before.split_once(':') {
        None if before.is_empty() => Login::None,
        None => Login::Token(plain(before)?),
        Some((user, password)) => Login::User(plain(user)?, plain(password)?),
    };
    Ok((server, login))
}

/// Takes percent-encoding away (RFC 3986 §2.1).
fn plain(text: &str) -> Result<Sealed> {
    let mut octets = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    octets.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let coded = piece
            .get(..2)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        let Some(octet) = coded else {
            bail!("a % in user, password or token is written %25");
        };
        octets.push(octet);
        octets.extend_from_slice(&piece.as_bytes()[2..]);
    }
    let text = String::from_utf8(octets);
    Ok(Sealed::new(text.map_err(|_| {
        anyhow!("user, password and token are UTF-8")
    })?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(name: &str, password: &str) -> Login {
        Login::User(Sealed::new(name), Sealed::new(password))
    }

    #[test]
    fn credentials_are_taken_out() {
        let address = parse("nats://ana:p%40s:s@one.example:4333, tls://two.example").unwrap();
        assert_eq!(address.login, user("ana", "p@s:s"));
        let shown = format!("{:?}", address.servers);
        assert!(!shown.contains("ana") && !shown.contains("p@s"), "{shown}");
        assert_eq!(address.servers[0].host(), "one.example");
        assert_eq!(
            (address.servers[0].port(), address.servers[1].port()),
            (4333, 4222)
        );
        let token = parse("nats://secret@127.0.0.1").unwrap().login;
        assert_eq!(token, Login::Token(Sealed::new("secret")));
        assert_eq!(parse("127.0.0.1:4222").unwrap().login, Login::None);
        let six = parse("nats://[::1]:4222").unwrap();
        assert_eq!(six.servers[0].host(), "::1");
    }

    #[test]
    fn a_fault_does_not_repeat_the_address() {
        for bad in [
            "",
            "http://ana:secret@host",
            "nats://ana:secret@",
            "nats://ana:secret%zz@host",
            "nats://ana:secret@ho st:1",
            "nats://a,",
        ] {
            let error = format!("{:#}", parse(bad).err().expect(bad));
            assert!(!error.contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}") {
            let _ = parse(&text);
            let _ = parse(&format!("nats://{text}@host"));
        }
    }
}
