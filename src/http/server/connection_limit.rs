//! The number of connections that one client may hold, so that no client takes them all.
//!
//! No library has this limit: actix-server limits the connections of a worker, whichever client they belong to. A
//! trusted proxy holds the connections of many clients and is not limited.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use ipnet::IpNet;

use crate::util::networks::client_network;

/// Counts the connections of each client.
#[derive(Debug)]
pub(super) struct ConnectionLimit {
    per_client: usize,
    trusted_proxies: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl ConnectionLimit {
    pub(super) fn new(per_client: usize, trusted_proxies: Vec<IpNet>) -> Self {
        Self { per_client, trusted_proxies, open: Mutex::default() }
    }

    /// A slot for one more connection from this address; `None` if its client holds as many as one may.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionSlot> {
        let peer = peer.to_canonical();
        if self.trusted_proxies.iter().any(|network| network.contains(&peer)) {
            return Some(ConnectionSlot(None));
        }
        let client = client_network(peer);
        let mut open = self.open();
        let connections = open.entry(client).or_default();
        if *connections < self.per_client {
            *connections += 1;
            return Some(ConnectionSlot(Some((Arc::clone(self), client))));
        }
        static WARNING: Once = Once::new();
        WARNING.call_once(|| {
            tracing::warn!(
                "a client has reached TASKFORCE_CONNECTIONS_PER_ADDRESS, and its further connections are closed: if \
                 the client is a proxy, name it in TASKFORCE_TRUSTED_PROXIES"
            );
        });
        None
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to hold one connection; dropping the slot frees it.
#[derive(Debug)]
pub(super) struct ConnectionSlot(Option<(Arc<ConnectionLimit>, IpAddr)>);

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let Some((connection_limit, client)) = &self.0 else { return };
        let mut open = connection_limit.open();
        if let Some(connections) = open.get_mut(client) {
            *connections -= 1;
            if *connections == 0 {
                open.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_share_and_no_more_until_it_lets_go() {
        let connection_limit = Arc::new(ConnectionLimit::new(2, vec!["10.0.0.0/8".parse().unwrap()]));
        let admit = |address: &str| connection_limit.admit(address.parse().unwrap());
        let first = admit("2001:db8::1").unwrap();
        let second = admit("2001:db8::2").unwrap();
        assert!(admit("2001:db8::3").is_none(), "one network of 64 bits is one client");
        let other = admit("2001:db8:0:1::1");
        assert!(other.is_some(), "another has a share of its own");
        drop(first);
        let third = admit("2001:db8::3");
        assert!(third.is_some() && admit("2001:db8::1").is_none());
        let proxied: Vec<_> = (0..9).map(|_| admit("::ffff:10.0.0.1")).collect();
        assert!(proxied.iter().all(Option::is_some), "a trusted proxy asks for many");
        drop((second, third, other, proxied));
        assert!(connection_limit.open().is_empty(), "who holds none is forgotten");
    }
}
