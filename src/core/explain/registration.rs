//! What Intune and Partner Center say to a registration, and what Windows' Autopilot log says of it later.

use super::{
    Card,
    Key::{Event, Import, Name, Words},
};

pub(super) const CARDS: &[Card] = &[
    Card {
        keys: &[Import(801), Name("InvalidZtdRequestBody")],
        title: "The request was malformed",
        means: "The service did not understand the registration as a whole: no tenant in it, or a broken request.",
        now: "Nothing on the laptop. Send the list again once; export it anew if somebody edited the file.",
        whom: "The customer's Intune administrator, if it comes twice: it is a fault between Intune and the service.",
    },
    Card {
        keys: &[Import(802), Name("InvalidZtdHardwareHash")],
        title: "The hardware hash is not accepted",
        means: "Maker or serial number in the hash is empty or malformed, or the hash was cut or edited on its way.",
        now: "Run `whiteglove hash validate` on the file. Capture the laptop again and send that capture; never repair \
              the text by hand.",
        whom: "The maker's service, if the firmware has no serial number; nobody otherwise.",
    },
    Card {
        keys: &[Import(803), Name("MissingZtdSerialNumberAndProductKey")],
        title: "No serial number and no product key id",
        means: "The line names no laptop: both the serial number and the Windows product id are empty or unusable.",
        now: "Capture the laptop, or scan its label, then export the list again.",
        whom: "The maker's service, if the firmware itself has no serial number.",
    },
    Card {
        keys: &[Import(806), Name("ZtdDeviceAlreadyAssigned")],
        title: "Registered already in this tenant",
        means: "The customer has this laptop in Windows Autopilot; nothing was changed. Some portals show 806 also for a \
                laptop that another company holds.",
        now: "Look the serial number up among the customer's Autopilot devices. If it is there, only set its group tag. \
              Note it here: whiteglove probe NUMBER ours.",
        whom: "The customer's Intune administrator, if it is not among their devices: then treat it as 808.",
    },
    Card {
        keys: &[Import(807), Name("ZtdDeviceIsNotRegistered")],
        title: "Not registered",
        means: "Windows asked for this laptop and the service does not know it: it was never registered, the \
                registration is not through yet, or it was deleted.",
        now: "Do not start the technician phase. Register it, wait until its profile is assigned, then restart the \
              laptop so that it asks again.",
        whom: "The customer's Intune administrator, if the list says that it is registered.",
    },
    Card {
        keys: &[
            Import(808),
            Name("ZtdDeviceAssignedToOtherTenant"),
            Name("ZtdDeviceAssignedToAnotherTenant"),
            Words("assigned to another tenant"),
            Words("assigned to other tenant"),
        ],
        title: "Locked by another company",
        means: "The laptop or its board is registered in somebody else's tenant. Only that company, its reseller or \
                Microsoft can let it go.",
        now: "Put it aside and note it: whiteglove probe NUMBER other-company. Collect the hash, the original invoice \
              and the logs (mdmdiagnosticstool -area Autopilot;TPM -cab logs.cab).",
        whom: "The seller first; then Microsoft support, through the customer's Intune portal, with that proof.",
    },
    Card {
        keys: &[Event(809), Event(815), Name("ZtdDeviceHasNoAssignedProfile"), Name("ZtdProfileIsNotRegistered")],
        title: "No deployment profile",
        means: "The laptop is registered and has no profile: none was assigned yet, its group does not hold it, or the \
                profile was deleted.",
        now: "Do not start the technician phase. Check its group tag and wait for the profile, then restart the laptop: \
              what it has downloaded stays empty until then.",
        whom: "The customer's Intune administrator: the group's rule and the profile are theirs.",
    },
    Card {
        keys: &[Import(810), Name("ZtdProfileAssignedToOtherTenant")],
        title: "The profile belongs to another company",
        means: "Somebody tried to assign a profile of another tenant to this laptop.",
        now: "Check that this is the right customer, in the bench's configuration and in the portal. Change nothing on \
              the laptop.",
        whom: "The customer's Intune administrator.",
    },
    Card {
        keys: &[
            Event(908),
            Name("HardwareMismatchDetected"),
            Name("SerialNumberMismatch"),
            Name("ProductKeyIdMismatch"),
        ],
        title: "The laptop is not the one that was registered",
        means: "The service knows this laptop by numbers that differ now: most often its board was replaced after it was \
                registered.",
        now: "Capture it again and compare its label: whiteglove scan LABEL --on NUMBER. Have the old registration \
              deleted, then register the new capture.",
        whom: "The customer's Intune administrator deletes the old one; the maker, if the numbers in the firmware are wrong.",
    },
    Card {
        keys: &[Name("ZtdDeviceDuplicated")],
        title: "Twice in one list",
        means: "The same hardware hash stands in two lines of the list that was sent.",
        now: "Find the other line: one of the two is enough if both name the same laptop. If their serial numbers differ, \
              two lines were mixed; capture both laptops again.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Import(640), Name("StorageError")],
        title: "The service could not store it",
        means: "A fault on Microsoft's side that passes.",
        now: "Wait ten minutes and send the same list again; what was taken in is answered as registered already.",
        whom: "The customer's Intune administrator, if it lasts for more than a day: they see the service's health.",
    },
    Card {
        keys: &[Event(153), Event(161)],
        title: "A profile is there",
        means: "Windows' Autopilot log says that the laptop found its deployment profile. This is no error.",
        now: "Go on. If the screen still shows no company, restart the laptop once.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Event(163)],
        title: "Set up already",
        means: "Windows does not ask for a profile because this installation went through setup before.",
        now: "Reset the laptop or install it anew if it shall be set up again.",
        whom: "The supervisor, before anything is erased: somebody may have used it.",
    },
    Card {
        keys: &[Event(164)],
        title: "The internet is reachable",
        means: "Windows' Autopilot log says that the laptop reached the service's addresses. This is no error.",
        now: "Go on, and look for a later entry in the log.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Event(100)],
        title: "Waiting",
        means: "Windows' Autopilot log repeats this while it waits for a policy. It says nothing about what is wrong.",
        now: "Look at the entries before and after it.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Event(171), Event(172), Words("TPM attestation"), Words("attestation failed")],
        title: "The TPM did not identify itself",
        means: "The TPM has to prove to Microsoft who it is before the technician phase. It did not, or its maker's \
                certificate could not be fetched.",
        now: "Compare the laptop's clock, check that the TPM is version 2.0 and on, and that its maker's certificate \
              addresses are reachable. Then try once more; its page on the board shows what was read.",
        whom: "The network's administrator for blocked addresses, the maker for TPM firmware.",
    },
];
