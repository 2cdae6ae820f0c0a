//! What the laptop shows in red.

use super::{
    Card,
    Key::{Name, Windows, Words},
};

pub(super) const CARDS: &[Card] = &[
    Card {
        keys: &[Windows(0x8103_9001), Name("E_AUTOPILOT_CLIENT_TPM_MAX_ATTESTATION_RETRY_EXCEEDED")],
        title: "TPM attestation gave up",
        means: "The TPM tried several times to prove who it is and did not get through. It comes and goes.",
        now: "Restart the laptop and try once more. If it stays: TPM and BIOS firmware of the maker, the laptop's clock, \
              the TPM maker's certificate address.",
        whom: "The network's administrator if all laptops of a make fail; the maker if one model does.",
    },
    Card {
        keys: &[Windows(0x8103_9023)],
        title: "Windows is too old for attestation",
        means: "The first release of Windows 11 (21H2) has a defect in TPM attestation, cured by its update of May 2022.",
        now: "Install a newer Windows image on the laptop, then start again. Trying again changes nothing.",
        whom: "The supervisor, for the image.",
    },
    Card {
        keys: &[Windows(0x8103_9024)],
        title: "The TPM has a known weakness",
        means: "Attestation refuses this TPM because of a published vulnerability in its firmware.",
        now: "Do not try again. Install the maker's TPM firmware, then capture the laptop anew, for its key may change.",
        whom: "The maker, if there is no such update.",
    },
    Card {
        keys: &[Windows(0x8007_0490)],
        title: "The AMD firmware TPM cannot attest",
        means: "Windows did not find what it needs in the firmware TPM of an AMD processor.",
        now: "Install the newest BIOS of the maker, which brings the TPM's firmware, then try again.",
        whom: "The maker, if the newest BIOS is on.",
    },
    Card {
        keys: &[Windows(0x8007_05B4)],
        title: "It took too long",
        means: "A step ran out of time. Early on: there is no working physical TPM 2.0, or it is a virtual machine. \
                Later: an app on the status page needed more than its minutes.",
        now: "Look at which step is red. At the first step check the TPM in the firmware setup; at Apps note which one \
              runs, and try again.",
        whom: "The customer's Intune administrator for a longer limit or a slow app; the maker for the TPM.",
    },
    Card {
        keys: &[Windows(0x801C_03EA)],
        title: "The tenant did not take the laptop in",
        means: "Attestation failed, so the join did too: a TPM that could be 2.0 works as 1.2, or the laptop is in two \
                groups that give it different profiles.",
        now: "Set the TPM to 2.0 in the firmware setup and capture the laptop again. Check that it has one group tag.",
        whom: "The customer's Intune administrator, for the groups.",
    },
    Card {
        keys: &[Windows(0x801C_0003)],
        title: "The join was refused",
        means: "The tenant did not accept the laptop. On a bench it is most often the TPM; it may also be a limit on who \
                may join, or how many devices.",
        now: "Check TPM and clock on its page here, restart the laptop and try once more.",
        whom: "The customer's Intune administrator, for join rights and limits.",
    },
    Card {
        keys: &[Windows(0x801C_03F3)],
        title: "Its device object was deleted",
        means: "Registration made an object for this laptop in Entra, and somebody deleted that.",
        now: "Put it aside until it is registered anew: the Intune and Autopilot entries have to go first.",
        whom: "The customer's Intune administrator: delete both entries, then import the laptop's capture again.",
    },
    Card {
        keys: &[Windows(0x8018_0014), Words("SDM One Time Limit Check"), Words("enrollment blocked for AP device")],
        title: "Set up once already",
        means: "A laptop goes through the technician phase once; this one did. Or the tenant does not let Windows \
                devices enrol at all.",
        now: "Do not try again. Put it aside until its old entry is gone; then restart it and begin anew.",
        whom: "The customer's Intune administrator: delete its entry among the managed devices, or unblock it; and allow \
               Windows (MDM) in the platform restrictions.",
    },
    Card {
        keys: &[Windows(0x8018_0018)],
        title: "No licence, or too many devices",
        means: "The user that the laptop is for has no Intune licence, or has as many devices as allowed.",
        now: "Put it aside, and note which user is assigned.",
        whom: "The customer's Intune administrator: licence, or device limit.",
    },
    Card {
        keys: &[Windows(0x8018_0022)],
        title: "Windows Home",
        means: "The Home edition cannot be managed.",
        now: "Bring the laptop to Pro with the customer's licence, then start again. The bench shows the edition of the \
              key in the firmware.",
        whom: "The seller, if Pro was ordered.",
    },
    Card {
        keys: &[Windows(0x8018_0026), Windows(0x8018_000A)],
        title: "Managed already",
        means: "This installation has a management agent, or is enrolled: it is no clean Windows.",
        now: "Install a clean Windows image, then start again.",
        whom: "The supervisor, if the laptop came like this from the seller.",
    },
    Card {
        keys: &[Windows(0xC103_6501), Windows(0x8103_6501)],
        title: "Several management services",
        means: "The tenant has more than one MDM service configured in Entra, and the laptop cannot choose.",
        now: "Nothing on the laptop. Stop the batch: all of them will fail alike.",
        whom: "The customer's Entra administrator: leave one MDM service.",
    },
    Card {
        keys: &[Windows(0x8103_6502)],
        title: "The status page failed",
        means: "Sources disagree: an app failed, the profile is missing, or the laptop is not registered.",
        now: "Read the page: which line is red? Collect the logs (Ctrl+Shift+D) before anything is tried again.",
        whom: "The customer's Intune administrator, with the logs of the status page and of the apps.",
    },
    Card {
        keys: &[Windows(0x8000_4005)],
        title: "Joining the local domain took too long",
        means: "In a hybrid batch the laptop waits for the customer's domain connector, and that did not answer in time. \
                The code itself only says that something failed.",
        now: "Install Windows' updates and try once more.",
        whom: "The customer's Intune administrator: is the domain connector running?",
    },
    Card {
        keys: &[Windows(0x8007_0774)],
        title: "The domain or the device object was not found",
        means: "In a hybrid batch a user was assigned, which does not work together; or the Entra object of the laptop \
                is gone.",
        now: "Put it aside until the user is taken off it and it is imported again.",
        whom: "The customer's Intune administrator.",
    },
    Card {
        keys: &[Words("attestation timed out"), Words("SLB9672")],
        title: "A TPM with a defect in its firmware",
        means: "Infineon SLB9672 with firmware 15.22 does not finish attestation.",
        now: "Look at the TPM's version on the laptop's page here. If it is this one, install the maker's TPM firmware \
              and capture the laptop again.",
        whom: "The maker, if there is no update for this model.",
    },
    Card {
        keys: &[Words("OOBEIDPS"), Words("something went wrong"), Words("blank page")],
        title: "A page of setup cannot be loaded",
        means: "Windows setup cannot reach the sign-in addresses of Entra or of Microsoft accounts.",
        now: "Try another line, such as a phone's. If that works, the network blocks the addresses.",
        whom: "The network's administrator.",
    },
    Card {
        keys: &[Words("all pages on one screen")],
        title: "Setup was interrupted too often",
        means: "After too many restarts Windows shows all pages of setup at once, and pre-provisioning cannot be reached.",
        now: "Set the restart counter under HKCU\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\UserOOBE back to 1, or \
              install the laptop anew.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Windows(0x8007_2EE2), Windows(0x8007_2EE7), Windows(0x8007_2EFD), Words("cannot reach the service")],
        title: "The service cannot be reached",
        means: "The laptop found no way to the address: no name service, no line, or something on the way that blocks it.",
        now: "Look at the cable and the switch, then at other laptops on the same line. whiteglove doctor checks the \
              bench's own side.",
        whom: "The network's administrator.",
    },
    Card {
        keys: &[Windows(0x8007_2F8F)],
        title: "The connection is not trusted",
        means: "The other side's certificate was refused: the laptop's clock is wrong, or a firewall opens encrypted \
                connections.",
        now: "Boot it from a whiteglove stick and set its clock: whiteglove tell NUMBER set-clock. Then try once more.",
        whom: "The network's administrator, if the clock is right.",
    },
];
