//! Hosts in addresses: the name alone, and whether it lies in a private network.

use std::net::IpAddr;

/// The host of an address, in lower case: never user info, port, path or query. `None` where the address
/// leaves it to a variable.
pub(in crate::sources) fn of(url: &str) -> Option<String> {
    let rest = url.trim().split_once("://").map_or(url.trim(), |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => host.split(':').next()?,
    };
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
    (plain && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Whether only one's own machines or network can answer under the name.
pub(in crate::sources) fn is_private(host: &str) -> bool {
    const ENDS: &[&str] = &[".localhost", ".local", ".internal", ".lan", ".intranet", ".home.arpa", ".svc"];
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
        // A name without a dot can only be resolved inside.
        Err(_) => !host.contains('.') || ENDS.iter().any(|end| host.ends_with(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_is_kept() {
        for (url, host) in [
            ("https://MCP.example.com/mcp?key=CANARY", Some("mcp.example.com")),
            ("https://user:CANARY@mcp.example.com:8443/x", Some("mcp.example.com")),
            ("https://a@b:CANARY@mcp.example.com/x", Some("mcp.example.com")),
            ("http://[::1]:3000/mcp", Some("::1")),
            ("localhost:3000/mcp", Some("localhost")),
            ("wss://mcp.example.com#CANARY", Some("mcp.example.com")),
            ("https://${HOST}/mcp", None),
            ("https:///mcp", None),
            ("", None),
        ] {
            assert_eq!(of(url).as_deref(), host, "{url}");
        }
    }

    #[test]
    fn private_networks_are_told_from_others() {
        for host in
            ["localhost", "127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "fd00::1", "mcp", "a.internal"]
        {
            assert!(is_private(host), "{host}");
        }
        for host in ["mcp.example.com", "8.8.8.8", "172.32.0.1", "2001:db8::1", "mcp.acme.io"] {
            assert!(!is_private(host), "{host}");
        }
    }
}
