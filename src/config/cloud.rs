//! `[cloud.global]`, `[cloud.us-gov-l4]`, `[cloud.us-gov-l5]`, `[cloud.china]`: other addresses than Microsoft's own.

use std::collections::BTreeMap;

use serde::Deserialize;
use whiteglove_core::{
    cloud::endpoints::{BaseUrl, Endpoints},
    customer::Cloud,
};

/// Where each cloud is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clouds(Vec<Endpoints>);

impl Clouds {
    #[cfg(test)]
    pub(crate) fn of(endpoints: Endpoints) -> Self {
        Self(vec![endpoints])
    }

    pub fn endpoints(&self, cloud: Cloud) -> Endpoints {
        self.0.iter().find(|set| set.cloud == cloud).cloned().unwrap_or_else(|| cloud.endpoints())
    }
}

/// As a person writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    authority: Option<String>,
    graph: Option<String>,
    partner_center: Option<String>,
}

pub(super) fn clouds(sections: BTreeMap<String, Section>) -> Result<Clouds, String> {
    sections.into_iter().map(|(name, section)| section.endpoints(&name)).collect::<Result<_, _>>().map(Clouds)
}

fn named(name: &str) -> Option<Cloud> {
    Some(match name {
        "global" => Cloud::Global,
        "us-gov-l4" => Cloud::UsGovL4,
        "us-gov-l5" => Cloud::UsGovL5,
        "china" => Cloud::China,
        _ => return None,
    })
}

impl Section {
    fn endpoints(self, name: &str) -> Result<Endpoints, String> {
        let cloud = named(name)
            .ok_or_else(|| format!("[cloud.{name}]: the clouds are global, us-gov-l4, us-gov-l5 and china"))?;
        let mut endpoints = cloud.endpoints();
        let places = [
            ("authority", self.authority, &mut endpoints.authority),
            ("graph", self.graph, &mut endpoints.graph),
            ("partner_center", self.partner_center, &mut endpoints.partner),
        ];
        for (setting, text, place) in places {
            if let Some(text) = text {
                *place = BaseUrl::parse(&text).map_err(|why| format!("[cloud.{name}]: '{setting}': {why}"))?;
            }
        }
        Ok(endpoints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        cloud: BTreeMap<String, Section>,
    }

    fn parse(text: &str) -> Result<Clouds, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        clouds(file.cloud)
    }

    #[test]
    fn an_address_is_replaced_and_the_others_stay() {
        let clouds = parse("[cloud.china]\nauthority = 'https://login.chinacloudapi.cn/'\n").unwrap();
        let china = clouds.endpoints(Cloud::China);
        assert_eq!(china.authority.as_str(), "https://login.chinacloudapi.cn");
        assert_eq!(china.graph, Cloud::China.endpoints().graph);
        assert_eq!(clouds.endpoints(Cloud::Global), Cloud::Global.endpoints());
    }

    #[test]
    fn what_cannot_work_is_said() {
        let why = parse("[cloud.global]\ngraph = 'http://10.0.0.1'\n").unwrap_err();
        assert!(why.contains("[cloud.global]: 'graph': it must begin with https://"), "{why}");
        assert!(parse("[cloud.mars]\n").unwrap_err().contains("us-gov-l4"));
        assert!(parse("[cloud.global]\nlogin = 'x'\n").unwrap_err().contains("unknown field `login`"));
    }
}
