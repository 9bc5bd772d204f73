//! Addresses as people write them, and as the wire has them.

use smpp::pdu::Address;

/// `+` before an international number, anything else as it came.
pub(crate) fn written(address: &Address) -> String {
    let value = address.value.text();
    let is_number = address.ton == Address::TON_INTERNATIONAL
        && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !value.is_empty() {
        format!("+{value}")
    } else {
        value.into_owned()
    }
}

/// The other way: a number with `+`, a short code, or a name.
pub(crate) fn on_the_wire(written: &str) -> Address {
    if written.starts_with('+') {
        Address::international(written)
    } else if written.bytes().all(|byte| byte.is_ascii_digit()) {
        Address::short_code(written)
    } else {
        Address::alphanumeric(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for text in ["+15550100", "24680", "Marigold"] {
            assert_eq!(written(&on_the_wire(text)), text);
        }
        assert_eq!(written(&Address::new(1, 1, "+15550100")), "+15550100");
    }
}
