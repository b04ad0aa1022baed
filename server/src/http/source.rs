//! The caller's address behind proxies. Anyone can write `X-Forwarded-For`, so it is read from the right, where our
//! own proxies wrote, and only as far as proxies are trusted.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The caller's address: the right-most one that is not a trusted proxy's.
pub(super) fn source(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut source = peer.to_canonical();
    let hops = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = hops.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    while is_trusted(source) {
        // Garbage ends the search: an entry that a trusted proxy did not write properly proves nothing.
        match hops.next().and_then(|hop| address_of(hop.trim())) {
            Some(hop) => source = hop.to_canonical(),
            None => break,
        }
    }
    source
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|hop| hop.strip_suffix(']'))
        .unwrap_or(hop);
    bare.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted = Vec::<Network>::parse("10.0.0.0/8,fd00::/8").unwrap();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        source(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn untrusted_caller_cannot_set_its_address() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn the_right_most_untrusted_address_counts() {
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.2.2.2"]),
            "198.51.100.7"
        );
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "198.51.100.7", "10.2.2.2"]),
            "198.51.100.7"
        );
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("fd00::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7:9999"]), "198.51.100.7");
    }

    #[test]
    fn unreadable_entry_ends_the_search() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.7, nonsense"]), "10.0.0.1");
        assert_eq!(
            seen("10.0.0.1", &["198.51.100.7, nonsense, 10.3.3.3"]),
            "10.3.3.3"
        );
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["10.9.9.9"]), "10.9.9.9");
    }
}
