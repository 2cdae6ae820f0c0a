//! One line of a form: what it is called, what belongs there, and what stands there now.

use whiteglove_core::{
    batch::{IdentityPolicy, Register, UserPolicy},
    customer::{Cloud, Way},
    lane::Lane,
    media::Generation,
    netboot::Program,
};

use crate::widget::input::Input;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Name,
    // Of a batch.
    Customer,
    PurchaseOrder,
    GroupTag,
    User,
    Profile,
    Identity,
    Register,
    Boot,
    Loader,
    // Of a customer.
    Tenant,
    Cloud,
    Lane,
    Way,
    HandOverTo,
    GroupTags,
    Naming,
    Sla,
    // Of a file.
    Path,
    Reason,
    // Of an override.
    Condition,
    By,
    Because,
    // Of a sign-in.
    Application,
}

impl What {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Customer => "Customer",
            Self::PurchaseOrder => "Purchase order",
            Self::GroupTag => "Group tag",
            Self::User => "Assigned user",
            Self::Profile => "Profile",
            Self::Identity => "Identity",
            Self::Register => "Registered",
            Self::Boot => "Network boot",
            Self::Loader => "Boot manager",
            Self::Tenant => "Tenant ID",
            Self::Cloud => "Cloud",
            Self::Lane => "Registered in",
            Self::Way => "How",
            Self::HandOverTo => "Hand-over key",
            Self::GroupTags => "Group tags",
            Self::Naming => "Computer names",
            Self::Sla => "SLA in hours",
            Self::Path => "File",
            Self::Reason | Self::Because => "Why",
            Self::Condition => "What",
            Self::By => "Your name",
            Self::Application => "Application ID",
        }
    }

    /// What belongs there, in at most two lines.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Name => "1 to 32 characters. It stands on screens, sticks and labels, and stays as it is.",
            Self::Customer => "Whose laptops these are. A customer that is not there: Esc, then c and n.",
            Self::PurchaseOrder => "The customer's number of the order. May be empty.",
            Self::GroupTag => {
                "One for all laptops of the batch; Left and Right go through those of the customer. Empty: each keeps \
                 what came with it."
            }
            Self::User => "Whether laptops are registered with the person who will use them.",
            Self::Profile => "Name of the deployment profile that these laptops should get. Empty: any.",
            Self::Identity => "By what its laptops are registered. Intune takes hashes only.",
            Self::Register => "Whether a person says which laptops are registered, or the order list does.",
            Self::Boot => "What its laptops boot from the network until they are captured.",
            Self::Loader => {
                "Whose signature the boot manager has, on sticks with Windows. Leave it, unless a laptop refuses it."
            }
            Self::Tenant => "From the overview page of the customer's Entra admin center. May be empty for lists.",
            Self::Cloud => "The Microsoft cloud of the tenant. Global is right unless the customer says otherwise.",
            Self::Lane => "What kind of registration its laptops get. Pre-provisioning needs Intune or Partner Center.",
            Self::Way => "By lists that a person uploads, by this bench online, or by a bundle for the customer.",
            Self::HandOverTo => "The customer's public key, from: whiteglove handover key. Only for a hand-over.",
            Self::GroupTags => "The only ones its batches may use, with blanks or commas between. Empty: any.",
            Self::Naming => "Template of computer names, as in the deployment profile: BER-%SERIAL%. May be empty.",
            Self::Sla => "Hours from a laptop's arrival until it has to be shipped. May be empty.",
            Self::Path => {
                "The whole path of a .toml or .csv file on the bench's own computer. All in it is taken, or nothing."
            }
            Self::Condition => {
                "What does not hold, and is to count as if it did. If it says something else later, this is over."
            }
            Self::By => "Who takes the responsibility. The journal keeps it.",
            Self::Application => {
                "The client ID of the customer's app registration in Entra, with public client flows on. The customer's \
                 administrator has it."
            }
            Self::Because => "Why it is safe in spite of that. The journal keeps it.",
            Self::Reason => "Needed if laptops are in what changes. The journal keeps it. Else empty.",
        }
    }
}

/// A batch without a customer.
pub(super) const NOBODY: &str = "nobody's";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Input),
    /// One of these, by its place.
    Choice {
        words: Vec<String>,
        at: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(super) what: What,
    pub(super) value: Value,
}

impl Field {
    pub(super) fn text(what: What, text: impl Into<String>) -> Self {
        Self { what, value: Value::Text(Input::holding(text.into())) }
    }

    pub(super) fn optional(what: What, text: Option<&String>) -> Self {
        Self::text(what, text.cloned().unwrap_or_default())
    }

    pub(super) fn choice<W: Into<String>>(what: What, words: impl IntoIterator<Item = W>, at: usize) -> Self {
        Self { what, value: Value::Choice { words: words.into_iter().map(Into::into).collect(), at } }
    }

    /// One of a closed set, by its words.
    pub(super) fn of<T: Copy + PartialEq>(what: What, all: &[T], words: fn(T) -> &'static str, value: T) -> Self {
        let at = all.iter().position(|one| *one == value).unwrap_or(0);
        Self::choice(what, all.iter().map(|one| words(*one)), at)
    }
}

pub(super) const CLOUDS: [Cloud; 4] = [Cloud::Global, Cloud::UsGovL4, Cloud::UsGovL5, Cloud::China];
pub(super) const LANES: [Lane; 4] = Lane::ALL;
pub(super) const WAYS: [Way; 3] = [Way::File, Way::Online, Way::HandOver];
pub(super) const USERS: [UserPolicy; 3] = [UserPolicy::Optional, UserPolicy::Required, UserPolicy::Forbidden];
pub(super) const IDENTITIES: [IdentityPolicy; 3] =
    [IdentityPolicy::LinuxHash, IdentityPolicy::WindowsHash, IdentityPolicy::Tuple];
pub(super) const REGISTERS: [Register; 2] = [Register::Asked, Register::Expected];
pub(super) const BOOTS: [Program; 3] = Program::ALL;
pub(super) const LOADERS: [Generation; 3] = Generation::ALL;
