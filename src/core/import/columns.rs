//! What the columns of identity lists are called.

use crate::table::Header;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Serial,
    ProductKeyId,
    Hash,
    GroupTag,
    User,
    Manufacturer,
    Model,
    /// Of a devicelink export.
    Data,
}

impl Column {
    /// By the name without case, blanks and punctuation. Sources: Microsoft's import lists for Intune and
    /// Partner Center, `Get-WindowsAutopilotInfo` (older versions wrote `Order ID`), Graph's property names,
    /// Windows' devicelink export.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "deviceserialnumber" | "serialnumber" | "serial" | "serialno" | "deviceserial" => Self::Serial,
            "windowsproductid" | "productid" | "productkeyid" | "windowsproductkeyid" | "pkid" | "productkey" => {
                Self::ProductKeyId
            }
            "hardwarehash" | "hash" | "devicehash" | "hardwareidentifier" | "devicehardwaredata" | "4khash"
            | "4khardwarehash" | "autopilothash" => Self::Hash,
            "grouptag" | "orderid" | "orderidentifier" => Self::GroupTag,
            "assigneduser" | "assigneduserprincipalname" | "userprincipalname" | "upn" => Self::User,
            "manufacturername" | "manufacturer" | "oemmanufacturername" | "devicemanufacturer" | "make" => {
                Self::Manufacturer
            }
            "devicemodel" | "model" | "modelname" => Self::Model,
            "data" => Self::Data,
            _ => return None,
        })
    }

    /// Names a machine by itself: without one of these a line is no header.
    fn names_a_machine(self) -> bool {
        matches!(self, Self::Serial | Self::ProductKeyId | Self::Hash)
    }
}

pub(super) fn find(line: &[u8]) -> Option<Header<Column>> {
    Header::find(line, Column::named).filter(|header| header.columns.iter().flatten().any(|c| c.names_a_machine()))
}
