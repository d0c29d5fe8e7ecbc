//! How many connections a client may hold: a share of all there are, so that nobody takes them from everybody else.
//!
//! A trusted proxy holds those of many clients, and as many as it likes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use ipnet::IpNet;

use crate::auth::throttle::network_of;

/// Counts the connections of each client.
#[derive(Debug)]
pub(super) struct ConnectionLimit {
    share: usize,
    trusted: Vec<IpNet>,
    held: Mutex<HashMap<IpAddr, usize>>,
}

impl ConnectionLimit {
    /// So many for each client that is no trusted proxy.
    pub(super) fn new(share: usize, trusted: Vec<IpNet>) -> Self {
        Self { share, trusted, held: Mutex::default() }
    }

    /// Room for one more connection from this address, until it is dropped.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionSlot> {
        let peer = peer.to_canonical();
        if self.trusted.iter().any(|network| network.contains(&peer)) {
            return Some(ConnectionSlot(None));
        }
        let client = network_of(peer);
        let mut held = self.held();
        let holds = held.entry(client).or_default();
        if *holds < self.share {
            *holds += 1;
            return Some(ConnectionSlot(Some((Arc::clone(self), client))));
        }
        static FULL: Once = Once::new();
        FULL.call_once(|| {
            tracing::warn!(
                "a client holds as many connections as one may, and gets no more: if it is a proxy, name it in \
                 TASKFORCE_TRUSTED_PROXIES"
            );
        });
        None
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for a connection.
#[derive(Debug)]
pub(super) struct ConnectionSlot(Option<(Arc<ConnectionLimit>, IpAddr)>);

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let Some((connection_limit, client)) = &self.0 else { return };
        let mut held = connection_limit.held();
        if let Some(holds) = held.get_mut(client) {
            *holds -= 1;
            if *holds == 0 {
                held.remove(client);
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
        assert!(connection_limit.held().is_empty(), "who holds none is forgotten");
    }
}
