//! The addresses to which the service sends what a user has it send. A user chooses the name of a host, and its owner
//! chooses the addresses: without this check, the service would send requests into the network that it stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(first: u16, second: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), prefix)
}

/// IPv4 networks that are not the Internet (IANA, special-purpose addresses).
const NOT_PUBLIC_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 8),                                           // this network
    v4(10, 0, 0, 8),                                          // private
    v4(100, 64, 0, 10),   // shared by customers of a provider; metadata of one cloud
    v4(127, 0, 0, 8),     // loopback
    v4(169, 254, 0, 16),  // link-local; metadata of most clouds
    v4(172, 16, 0, 12),   // private
    v4(192, 0, 0, 24),    // protocols
    v4(192, 0, 2, 24),    // documentation
    v4(192, 88, 99, 24),  // relays of 6to4
    v4(192, 168, 0, 16),  // private
    v4(198, 18, 0, 15),   // benchmarks
    v4(198, 51, 100, 24), // documentation
    v4(203, 0, 113, 24),  // documentation
    v4(224, 0, 0, 4),     // multicast
    v4(240, 0, 0, 4),     // reserved, and broadcast
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32), // the host of virtual machines of one cloud
];

/// The IPv6 addresses of the Internet.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 3);

/// Networks among them that are not the Internet.
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),     // protocols, and Teredo, whose addresses contain others
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4, whose addresses contain others
    v6(0x3fff, 0, 20),     // documentation
];

/// Addresses that stand for an IPv4 address behind a translator (NAT64).
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

/// The addresses to which the service sends: those of the Internet, and networks that the operator allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    allowed: Vec<IpNet>,
}

impl Networks {
    /// The Internet, and these networks beside.
    pub fn with(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Tells whether the service sends to an address.
    pub fn allows(&self, address: IpAddr) -> bool {
        // The address behind other ways to write it: one of IPv4, whether it is written as IPv6 or translated.
        let address = match address {
            IpAddr::V6(v6) if NAT64.contains(&v6) => {
                let [.., a, b, c, d] = v6.octets();
                IpAddr::from([a, b, c, d])
            }
            other => other.to_canonical(),
        };
        self.allowed.iter().any(|network| network.contains(&address)) || is_public(address)
    }
}

/// Tells whether an address is one of the Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(networks: &Networks, address: &str) -> bool {
        networks.allows(address.parse().unwrap())
    }

    #[test]
    fn the_service_sends_to_the_internet_and_nowhere_else() {
        let internet = Networks::default();
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "223.255.255.255",
            "168.63.129.17",
            "2606:4700:4700::1111",
            "2a00:1450:4001:81b::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(allows(&internet, address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allows(&internet, address), "{address}");
        }
    }

    #[test]
    fn a_network_that_the_operator_allows_is_allowed_however_its_addresses_are_written() {
        let networks = ["10.20.0.0/16", "fd12:3456::/32"].map(|network| network.parse().unwrap());
        let networks = Networks::with(networks.to_vec());
        for address in ["10.20.1.1", "::ffff:10.20.1.1", "64:ff9b::10.20.1.1", "fd12:3456::7", "1.1.1.1"] {
            assert!(allows(&networks, address), "{address}");
        }
        for address in ["10.21.0.1", "127.0.0.1", "fd12:3457::7", "2002:a14:101::"] {
            assert!(!allows(&networks, address), "{address}");
        }
    }
}
