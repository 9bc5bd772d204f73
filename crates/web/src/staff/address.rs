//! Where a request comes from: the other end of the connection, or what a proxy that is
//! trusted says stands behind it. Only ever digested, to count tries.

use std::net::IpAddr;

use axum::http::request::Parts;

use crate::App;

/// The other end of a request's connection, put into its extensions by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The address that tries are counted under.
pub(crate) fn client_address(app: &App, parts: &Parts) -> String {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    let said = parts.headers.get_all("x-forwarded-for").iter();
    let said: Vec<&str> = said
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let address = peer.map(|peer| behind(peer, &said, &app.config().proxies));
    address.map_or_else(|| "nowhere".to_owned(), network)
}

/// Who stands behind a connection: each proxy adds the address it was reached from at the
/// end, and only what a trusted one says is believed.
fn behind(peer: IpAddr, said: &[&str], trusted: &[IpAddr]) -> IpAddr {
    let mut address = peer.to_canonical();
    for further in said.iter().rev() {
        if !trusted.contains(&address) {
            break;
        }
        match further.parse::<IpAddr>() {
            Ok(further) => address = further.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

/// One customer of a provider has a whole network of IPv6 addresses.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_a_trusted_proxy_says_is_believed() {
        let trusted = [ip("127.0.0.1"), ip("10.0.0.2")];
        let cases = [
            ("203.0.113.9", vec!["198.51.100.7"], "203.0.113.9"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("::ffff:127.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", vec!["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
            (
                "127.0.0.1",
                vec!["198.51.100.7", "10.0.0.2"],
                "198.51.100.7",
            ),
            ("127.0.0.1", vec!["1.1.1.1", "junk"], "127.0.0.1"),
        ];
        for (peer, said, expected) in cases {
            assert_eq!(
                behind(ip(peer), &said, &trusted),
                ip(expected),
                "{peer} {said:?}"
            );
        }
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2");
        assert_eq!(network(ip("192.0.2.1")), "192.0.2.1");
    }
}
