//! Where the services of each Microsoft cloud are, and what their tokens are asked for.
//!
//! An address may be another than Microsoft's: a site's own gateway, or a relay on this machine. What the token is asked for
//! stays what the cloud calls it. Invariant: a token leaves this machine by TLS only.
//!
//! Sources: Microsoft Graph, "National cloud deployments"; Partner Center, "Supported REST URLs".

use std::{fmt, net::IpAddr};

use super::Service;
use crate::customer::Cloud;

/// The front of a URL: scheme, host, and perhaps a port and folders. No slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: String,
    loopback: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotABaseUrl {
    #[error("it must begin with https:// (http:// only with 127.0.0.1 or [::1], for a relay on this machine)")]
    Plain,
    #[error("it must be like https://graph.microsoft.com, without user, question mark or blank")]
    Form,
}

impl BaseUrl {
    /// # Errors
    /// It is no such URL, or one that would carry tokens in the clear.
    pub fn parse(text: &str) -> Result<Self, NotABaseUrl> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").ok_or(NotABaseUrl::Plain)?;
        let clear = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte));
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or(NotABaseUrl::Form)?)),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if !clear || host.is_empty() || !port_fits {
            return Err(NotABaseUrl::Form);
        }
        // By number only: what a name leads to is another's decision.
        let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match scheme {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(NotABaseUrl::Plain),
        }
        Ok(Self { text: text.to_owned(), loopback })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// It is this machine itself.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The names of one cloud, as its own services write them.
struct Names {
    authority: &'static str,
    graph: &'static str,
    partner: &'static str,
}

impl Cloud {
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGovL4, Self::UsGovL5, Self::China];

    fn names(self) -> Names {
        let partner = "https://api.partnercenter.microsoft.com";
        match self {
            Self::Global => {
                Names { authority: "https://login.microsoftonline.com", graph: "https://graph.microsoft.com", partner }
            }
            Self::UsGovL4 => {
                Names { authority: "https://login.microsoftonline.us", graph: "https://graph.microsoft.us", partner }
            }
            Self::UsGovL5 => Names {
                authority: "https://login.microsoftonline.us",
                graph: "https://dod-graph.microsoft.us",
                partner,
            },
            // Graph's pages still print login.chinacloudapi.cn; those of Azure China have moved on. A site that needs
            // the old one sets `authority`.
            Self::China => Names {
                authority: "https://login.partner.microsoftonline.cn",
                graph: "https://microsoftgraph.chinacloudapi.cn",
                partner: "https://partner.partnercenterapi.microsoftonline.cn",
            },
        }
    }

    /// Microsoft's own addresses.
    pub fn endpoints(self) -> Endpoints {
        let Names { authority, graph, partner } = self.names();
        let known = |text: &str| BaseUrl { text: text.to_owned(), loopback: false };
        Endpoints { cloud: self, authority: known(authority), graph: known(graph), partner: known(partner) }
    }
}

/// What a bench may do at a service, and may be given the right to without the others. Names as Microsoft's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Import and delete Autopilot devices, change tag and user, read and assign deployment profiles, synchronise.
    Register,
    /// Read what became of provisioning: events and managed devices.
    Watch,
    /// Read apps and policies of the tenant, to look for what makes pre-provisioning fail.
    Lint,
    /// Wipe or reset a managed device from afar.
    Wipe,
}

impl Permission {
    pub const ALL: [Self; 4] = [Self::Register, Self::Watch, Self::Lint, Self::Wipe];
    /// What every shift needs.
    pub const USUAL: [Self; 2] = [Self::Register, Self::Watch];

    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Register => &["DeviceManagementServiceConfig.ReadWrite.All"],
            Self::Watch => &["DeviceManagementManagedDevices.Read.All"],
            Self::Lint => &[
                "DeviceManagementApps.Read.All",
                "DeviceManagementConfiguration.Read.All",
                "Policy.Read.All",
                "Application.Read.All",
            ],
            Self::Wipe => &["DeviceManagementManagedDevices.PrivilegedOperations.All"],
        }
    }
}

/// Where one cloud is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub cloud: Cloud,
    /// Signs in.
    pub authority: BaseUrl,
    pub graph: BaseUrl,
    pub partner: BaseUrl,
}

impl Endpoints {
    /// Requests name their path from here on.
    pub fn base(&self, service: Service) -> &BaseUrl {
        match service {
            Service::Graph => &self.graph,
            Service::PartnerCenter => &self.partner,
        }
    }

    /// The path of a URL that the service named, such as the next page of a list. A relay may hand on the service's own
    /// address. `None`: it leads elsewhere, and a token must not follow.
    pub fn path_of<'a>(&self, service: Service, url: &'a str) -> Option<&'a str> {
        [self.base(service).as_str(), self.resource(service)]
            .into_iter()
            .find_map(|base| url.strip_prefix(base).filter(|path| path.starts_with('/')))
    }

    fn resource(&self, service: Service) -> &'static str {
        match service {
            Service::Graph => self.cloud.names().graph,
            Service::PartnerCenter => self.cloud.names().partner,
        }
    }

    /// For an application that acts by itself: all that it was given.
    pub fn app_scope(&self, service: Service) -> String {
        format!("{}/.default", self.resource(service))
    }

    /// For a person who signs in: these rights and no others, and a token by which the shift goes on.
    pub fn user_scope(&self, service: Service, permissions: &[Permission]) -> String {
        let resource = self.resource(service);
        let rights: Vec<&str> = match service {
            Service::Graph => permissions.iter().flat_map(|permission| permission.scopes()).copied().collect(),
            Service::PartnerCenter => vec!["user_impersonation"],
        };
        let mut scopes: Vec<String> = rights.iter().map(|right| format!("{resource}/{right}")).collect();
        scopes.extend(["offline_access".to_owned(), "openid".to_owned(), "profile".to_owned()]);
        scopes.join(" ")
    }

    pub fn token_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.authority)
    }

    pub fn device_code_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/devicecode", self.authority)
    }

    /// To whom a signed assertion speaks. A relay on this machine passes it on to the cloud's own authority, which takes
    /// none that speaks to another.
    pub fn assertion_audience(&self, tenant: &str) -> String {
        match self.authority.is_loopback() {
            true => format!("{}/{tenant}/oauth2/v2.0/token", self.cloud.names().authority),
            false => self.token_url(tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_https_or_this_machine() {
        let good = [
            ("https://graph.microsoft.com/", "https://graph.microsoft.com", false),
            (" https://gate.example:8443/graph ", "https://gate.example:8443/graph", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://[::1]:9", "http://[::1]:9", true),
            ("https://127.8.8.8", "https://127.8.8.8", true),
        ];
        for (text, base, loopback) in good {
            let parsed = BaseUrl::parse(text).expect(text);
            assert_eq!((parsed.as_str(), parsed.is_loopback()), (base, loopback));
        }
        let plain = [
            "http://graph.microsoft.com",
            "http://192.168.1.1",
            "http://localhost:1",
            "ftp://127.0.0.1",
            "https://",
            "graph",
        ];
        for text in plain {
            assert_eq!(BaseUrl::parse(text), Err(NotABaseUrl::Plain), "{text}");
        }
        let malformed = [
            "https:///x",
            "https://a b",
            "https://u@h",
            "https://h?x=1",
            "https://h#x",
            "https://h:0",
            "https://h:99999",
            "https://h:",
            "https://[::1]x",
            "http://127.0.0.1@evil.example",
            "https://h\\x",
        ];
        for text in malformed {
            assert_eq!(BaseUrl::parse(text), Err(NotABaseUrl::Form), "{text}");
        }
    }

    #[test]
    fn each_cloud_has_its_own_domain_in_addresses_and_scopes() {
        let mut told = String::new();
        for cloud in Cloud::ALL {
            let endpoints = cloud.endpoints();
            told.push_str(&format!(
                "{}\n  {}\n  {}\n  {}\n  {}\n  {}\n",
                cloud.words(),
                endpoints.token_url("TENANT"),
                endpoints.app_scope(Service::Graph),
                endpoints.user_scope(Service::Graph, &Permission::USUAL),
                endpoints.base(Service::PartnerCenter),
                endpoints.user_scope(Service::PartnerCenter, &[]),
            ));
            for base in [&endpoints.authority, &endpoints.graph, &endpoints.partner] {
                assert_eq!(BaseUrl::parse(base.as_str()).as_ref(), Ok(base), "the constants are what the parser takes");
            }
        }
        insta::assert_snapshot!(told);
    }

    #[test]
    fn a_url_of_the_service_is_followed_by_its_path_only() {
        let global = Cloud::Global.endpoints();
        let path = |url| global.path_of(Service::Graph, url);
        assert_eq!(path("https://graph.microsoft.com/beta/x?$skiptoken=1"), Some("/beta/x?$skiptoken=1"));
        assert_eq!(path("https://graph.microsoft.com.evil.example/beta"), None);
        assert_eq!(path("https://graph.microsoft.com@evil.example/beta"), None);
        assert_eq!(path("https://graph.microsoft.us/beta"), None);
        assert_eq!(path("http://graph.microsoft.com/beta"), None);
        let relay = Endpoints { graph: BaseUrl::parse("http://127.0.0.1:9/g").unwrap(), ..global };
        assert_eq!(relay.path_of(Service::Graph, "http://127.0.0.1:9/g/beta"), Some("/beta"));
        assert_eq!(relay.path_of(Service::Graph, "https://graph.microsoft.com/beta"), Some("/beta"));
    }

    #[test]
    fn a_relay_changes_the_way_and_not_what_is_asked_for() {
        let own = Cloud::Global.endpoints();
        let relay = BaseUrl::parse("http://127.0.0.1:9").unwrap();
        let relayed = Endpoints { authority: relay.clone(), graph: relay, ..own.clone() };
        assert_eq!(relayed.token_url("t"), "http://127.0.0.1:9/t/oauth2/v2.0/token");
        assert_eq!(relayed.assertion_audience("t"), own.token_url("t"));
        assert_eq!(relayed.app_scope(Service::Graph), own.app_scope(Service::Graph));
        let china = BaseUrl::parse("https://login.chinacloudapi.cn").unwrap();
        let china = Endpoints { authority: china, ..Cloud::China.endpoints() };
        assert_eq!(china.assertion_audience("t"), "https://login.chinacloudapi.cn/t/oauth2/v2.0/token");
    }
}
