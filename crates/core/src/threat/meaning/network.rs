//! Networks as texts name them, and when they are the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// More IPv4 addresses than this are the internet: S3 takes a policy for public
/// that names a network broader than /8.
const MOST_V4_ADDRESSES: u128 = 1 << 24;

/// More IPv6 addresses than this are the internet: for S3, broader than /32.
const MOST_V6_ADDRESSES: u128 = 1 << 96;

/// Networks that nobody reaches from the internet: address and prefix length.
const PRIVATE: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// A network: an address in it, which EC2 allows to be any, and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `203.0.113.0/24`, `::/0` or an address alone.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.trim().split_once('/').map_or((text.trim(), None), |(address, prefix)| (address, Some(prefix)));
        let prefix = prefix.map(|prefix| prefix.trim().parse::<u8>()).transpose().ok()?;
        let address: IpAddr = match address.trim().parse() {
            Ok(address) => address,
            // Whatever stands before it, a prefix of no bits is everything.
            Err(_) if prefix == Some(0) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Err(_) => return None,
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        if prefix > bits {
            return None;
        }
        // An IPv4 network may be written as one of IPv6.
        if let IpAddr::V6(v6) = address
            && prefix >= 96
            && let Some(v4) = v6.to_ipv4_mapped()
        {
            return Some(Self { address: IpAddr::V4(v4), prefix: prefix - 96 });
        }
        Some(Self { address, prefix })
    }

    fn is_private(self) -> bool {
        PRIVATE.iter().any(|(address, prefix)| self.prefix >= *prefix && begins_alike(self.address, *address, *prefix))
    }
}

/// Whether two addresses of one kind agree in their first bits.
fn begins_alike(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let differing = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    differing >= u32::from(bits)
}

/// Whether these networks together are so many public addresses that they are
/// the internet. A text that is no network counts for none.
pub(super) fn are_the_internet<'a>(networks: impl IntoIterator<Item = &'a str>) -> bool {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for network in networks.into_iter().filter_map(Network::parse).filter(|network| !network.is_private()) {
        match network.address {
            IpAddr::V4(address) => v4.push(range(address.to_bits().into(), 32 - network.prefix)),
            IpAddr::V6(address) => v6.push(range(address.to_bits(), 128 - network.prefix)),
        }
    }
    addresses(v4) > MOST_V4_ADDRESSES || addresses(v6) > MOST_V6_ADDRESSES
}

/// The first and the last address of a network whose last bits are any.
fn range(address: u128, any_bits: u8) -> (u128, u128) {
    let any = 1_u128.checked_shl(u32::from(any_bits)).map_or(u128::MAX, |addresses| addresses - 1);
    (address & !any, address | any)
}

/// How many addresses ranges hold together, each counted once.
fn addresses(mut ranges: Vec<(u128, u128)>) -> u128 {
    ranges.sort_unstable();
    let (mut count, mut counted_to) = (0_u128, None);
    for (first, last) in ranges {
        let first = counted_to.map_or(first, |counted: u128| first.max(counted.saturating_add(1)));
        if first <= last && counted_to != Some(u128::MAX) {
            count = count.saturating_add(last - first).saturating_add(1);
            counted_to = Some(last);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_the_internet_is_one() {
        for networks in [
            &["0.0.0.0/0"][..],
            &["203.0.113.19/0"],
            &[" 0.0.0.0/0 "],
            &["0/0"],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["64.0.0.0/2"],
            &["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"],
            &["0.0.0.0/00"],
            &["000.000.000.000/0"],
            &["8.0.0.0/8", "9.128.0.0/9"],
            &["8.0.0.0/8", "9.0.0.0/8"],
            &["10.0.0.0/7"],
            &["::/0"],
            &["0:0:0:0:0:0:0:0/0"],
            &["0000::/0"],
            &["2001:db8::1/0"],
            &["2000::/3"],
            &["::/1", "8000::/1"],
            &["::ffff:0.0.0.0/96"],
            &["192.168.0.0/16", "0.0.0.0/0"],
        ] {
            assert!(are_the_internet(networks.iter().copied()), "{networks:?}");
        }
    }

    #[test]
    fn offices_private_networks_and_what_is_no_network_are_not() {
        for networks in [
            &[][..],
            &["203.0.113.0/24"],
            &["203.0.113.7"],
            &["8.0.0.0/8"],
            &["8.0.0.0/8", "8.0.0.0/8", "8.1.0.0/16", "8.255.0.0/16"],
            &["2001:db8::/32", "2001:db8::/32", "2001:db8:1::/48"],
            &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
            &["fc00::/7"],
            &["2001:db8::/32"],
            &["2001:db8::1/128", "2001:db8::2"],
            &["0.0.0.0/33"],
            &["0.0.0.0/x"],
            &["pl-63a5400a"],
            &["0.0.0.0/32"],
            &["everywhere"],
        ] {
            assert!(!are_the_internet(networks.iter().copied()), "{networks:?}");
        }
    }
}
