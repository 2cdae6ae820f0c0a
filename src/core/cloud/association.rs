//! Device association: how device preparation knows a laptop before it is started.
//!
//! It is in no published metadata (September 2026): path and body are those that community tools send, one laptop in each
//! request. What the laptop's TPM signed goes out unchanged. Reading it is with the other reads of Graph.

use serde_json::json;

use super::{
    Method, Request,
    graph::path::{BETA, request},
};
use crate::lane::{Line, Row};

const ASSOCIATED: &str = "/deviceManagement/tenantAssociatedDevices";

/// Associates one laptop. 409: there is one of it already. `None`: the row is for another lane.
pub fn associate(row: &Row) -> Option<Request> {
    let Line::Association { data, .. } = &row.line else { return None };
    let path = format!("{BETA}{ASSOCIATED}/importTenantAssociatedDevice");
    Some(request(Method::Post, path, Some(json!({ "deviceLink": data }))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cloud::Cost, device::DeviceId};

    #[test]
    fn what_the_laptop_signed_goes_out_as_it_is_alone() {
        let data = "eyJWZXJzaW9uIjoiMSJ9+/==".to_owned();
        let (serial, manufacturer, model) = ("PF0EXAMP1".into(), "LENOVO".into(), "21CB".into());
        let line = Line::Association { serial, manufacturer, model, data: data.clone() };
        let row = Row { device: DeviceId(1), called: "PF0EXAMP1".into(), line, remarks: vec![] };
        let asked = associate(&row).unwrap();
        assert_eq!(asked.path, "/beta/deviceManagement/tenantAssociatedDevices/importTenantAssociatedDevice");
        assert_eq!((asked.body, asked.cost), (Some(json!({ "deviceLink": data })), Cost::WRITE));
        let other = Line::Identifier { manufacturer: "A".into(), model: "B".into(), serial: "C".into() };
        assert_eq!(associate(&Row { line: other, ..row }), None);
    }
}
