//! Limits which addresses can be reached. A gateway's address is a setting, and its name resolves to whatever its
//! owner publishes; without this check either could make the server talk to machines on its own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those of the public internet.
    Public,
    /// Private, loopback and link-local ones too: for simulators.
    Anywhere,
}

impl Reach {
    /// Whether this address may be connected to.
    pub fn includes(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }
}

/// Why nothing was sent to `host`.
pub(super) fn refusal(host: &str) -> String {
    format!(
        "{host} is at a private address; gateways.allow_private = true allows it, for a simulator"
    )
}

/// Names are looked up by the system, and what it finds is checked before anything connects to it.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut allowed = found
                .filter(|address| reach.includes(address.ip()))
                .peekable();
            if allowed.peek().is_none() {
                return Err(refusal(name.as_str()).into());
            }
            let allowed: Addrs = Box::new(allowed.collect::<Vec<_>>().into_iter());
            Ok(allowed)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match v4_within(address) {
            Some(within) => is_public_v4(within),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let this_network_or_reserved = matches!(first, 0 | 240..);
    let behind_a_carrier = first == 100 && (64..=127).contains(&second);
    let for_protocols = [first, second, third] == [192, 0, 0];
    let for_benchmarks = first == 198 && matches!(second, 18 | 19);
    !(this_network_or_reserved
        || behind_a_carrier
        || for_protocols
        || for_benchmarks
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local())
}

/// The IPv4 address that this one is another way of writing, or of reaching.
fn v4_within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |[high, low]: [u16; 2]| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,          // unspecified and loopback
        [0, 0, 0, 0, 0, 0 | 0xffff, a, b]              // compatible, mapped
        | [0, 0, 0, 0, 0xffff, 0, a, b]                // translated
        | [0x64, 0xff9b, 0, 0, 0, 0, a, b]             // NAT64
        | [0x2002, a, b, _, _, _, _, _] => Some(low([a, b])), // 6to4
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2002:a00:1::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!Reach::Public.includes(address), "{text}");
            assert!(Reach::Anywhere.includes(address), "{text}");
        }
        for text in [
            "13.124.18.147",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.167.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(Reach::Public.includes(text.parse().unwrap()), "{text}");
        }
    }
}
