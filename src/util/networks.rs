//! The networks that stand for one client where requests, connections and failed attempts are counted.

use std::net::IpAddr;

use ipnet::IpNet;

/// Prefix length by which a client with an IPv4 address is counted: the address itself.
const V4_PREFIX: u8 = 32;

/// Prefix length by which a client with an IPv6 address is counted. A provider gives each customer 64 bits or more,
/// so a single address says nothing about the client.
const V6_PREFIX: u8 = 64;

/// The network of one client, by the first address in it.
pub(crate) fn client_network(address: IpAddr) -> IpAddr {
    network(address, V4_PREFIX, V6_PREFIX).addr()
}

/// The network with a prefix of this length that an address lies in. An IPv4 address written as IPv6 counts as IPv4.
pub(crate) fn network(address: IpAddr, v4_prefix: u8, v6_prefix: u8) -> IpNet {
    let address = address.to_canonical();
    let prefix = if address.is_ipv4() { v4_prefix } else { v6_prefix };
    IpNet::new(address, prefix).unwrap_or_else(|_| address.into()).trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_ipv4_address_or_a_64_bit_network() {
        for (address, network) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:0:1:ffff::2", "2001:db8:0:1::"),
        ] {
            assert_eq!(client_network(address.parse().unwrap()).to_string(), network);
        }
    }
}
