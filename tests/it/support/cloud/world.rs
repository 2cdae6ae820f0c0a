//! What exists in the fake: tenants with what is set up in them, and how fast their services are.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Value, json};

use super::{
    contract::Host,
    directory::Directory,
    entra::{App, Directory as SignIns},
    faults::Faults,
    limits::{Limits, Windows},
    partner::Batch,
    text::{NEVER, date, guid, spread},
};

/// How long things take, in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Each request, from its arrival to its answer.
    pub(crate) request: Range<u64>,
    /// From an import to its end, each laptop by itself.
    pub(crate) import: Range<u64>,
    /// An import is complete and does not name its registration yet.
    pub(crate) nameless: u64,
    /// From a registration, or its new group tag, to its profile.
    pub(crate) profile: Range<u64>,
    /// From the profile to `assignedInSync`.
    pub(crate) in_sync: u64,
    /// Until a registration that was deleted is gone.
    pub(crate) delete: u64,
    pub(crate) sync: u64,
    /// How far apart a tenant's syncs have to be.
    pub(crate) sync_rule: u64,
    pub(crate) token_life: u64,
}

impl Pace {
    pub(crate) const QUICK: Self = Self {
        request: 0..1,
        import: 200..400,
        nameless: 100,
        profile: 200..400,
        in_sync: 500,
        delete: 300,
        sync: 300,
        sync_rule: 600_000,
        token_life: 3_600_000,
    };
    /// As technicians and the documentation tell.
    pub(crate) const REALISTIC: Self = Self {
        request: 80..300,
        import: 60_000..95_000,
        nameless: 2_000,
        profile: 20_000..60_000,
        in_sync: 60_000,
        delete: 120_000,
        sync: 30_000,
        sync_rule: 600_000,
        token_life: 3_600_000,
    };

    /// The least milliseconds from "all are captured" to "the last has its profile, and that was read": a token, one
    /// import of all at once, and for the slowest of them its import, its profile and one question about it, each
    /// request as fast as any. At most 500 laptops fit in one import; writes and reads of that are below every limit.
    pub(crate) fn floor<'a>(&self, serials: impl IntoIterator<Item = &'a str>) -> u64 {
        let lasts = |serial: &str| {
            spread(&self.import, &format!("import {serial}")) + spread(&self.profile, &format!("profile {serial}"))
        };
        serials.into_iter().map(lasts).max().unwrap_or_default() + 3 * self.request.start
    }
}

/// A customer's tenant, or the partner's.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) apps: Vec<App>,
    pub(crate) groups: Vec<Value>,
    pub(crate) profiles: Vec<Profile>,
    /// Enrolment status pages and whatever else stands in their list.
    pub(crate) enrolment: Vec<Value>,
    pub(crate) managed: Vec<Value>,
    pub(crate) events: Vec<Value>,
    pub(crate) corporate: Vec<Value>,
    pub(crate) associated: Vec<Value>,
    pub(crate) last_sync: Option<u64>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) policies: Vec<Value>,
    /// At Partner Center: the tenants that it may register for.
    pub(crate) customers: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) value: Value,
    pub(crate) assignments: Vec<Value>,
}

/// One request and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) at: u64,
    pub(crate) host: Host,
    pub(crate) method: String,
    pub(crate) path: String,
    /// What was answered, or would have been.
    pub(crate) status: u16,
    /// It is part of a batch, and no request by itself.
    pub(crate) part: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) directory: Directory,
    pub(crate) sign_ins: SignIns,
    pub(crate) pace: Pace,
    pub(crate) limits: Limits,
    pub(crate) windows: Windows,
    pub(crate) faults: Faults,
    pub(crate) exchanges: Vec<Exchange>,
    /// Everything that a contract does not allow.
    pub(crate) violations: Vec<String>,
    /// Rows in a page of a list.
    pub(crate) page: usize,
    /// An import is listed under the `importId` that it was sent with, and not under one of the service's own.
    pub(crate) keeps_import_ids: bool,
    /// Where each service is reached.
    pub(crate) urls: BTreeMap<Host, String>,
    /// Requests that were held since the beginning.
    pub(crate) holding: usize,
    counter: u64,
}

impl World {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            tenants: Vec::new(),
            directory: Directory::default(),
            sign_ins: SignIns::default(),
            pace,
            limits: Limits::PUBLISHED,
            windows: Windows::default(),
            faults: Faults::default(),
            exchanges: Vec::new(),
            violations: Vec::new(),
            page: 100,
            keeps_import_ids: true,
            urls: BTreeMap::new(),
            holding: 0,
            counter: 0,
        }
    }

    pub(crate) fn fresh(&mut self, kind: &str) -> String {
        self.counter += 1;
        guid(&format!("{kind} {}", self.counter))
    }

    /// A tenant of that name; its id follows from the name.
    pub(crate) fn add_tenant(&mut self, name: &str) -> &mut Tenant {
        self.tenants.push(Tenant {
            id: guid(&format!("tenant {name}")),
            name: name.to_owned(),
            apps: Vec::new(),
            groups: Vec::new(),
            profiles: Vec::new(),
            enrolment: vec![status_page()],
            managed: Vec::new(),
            events: Vec::new(),
            corporate: Vec::new(),
            associated: Vec::new(),
            last_sync: None,
            batches: Vec::new(),
            policies: Vec::new(),
            customers: Vec::new(),
        });
        self.tenants.last_mut().unwrap()
    }

    pub(crate) fn tenant(&mut self, id: &str) -> &mut Tenant {
        self.tenants.iter_mut().find(|tenant| tenant.id == id).unwrap_or_else(|| panic!("there is no tenant {id}"))
    }

    /// What that service answered to such calls, in their order; parts of batches too.
    pub(crate) fn calls(&self, host: Host, method: &str, path: &str) -> Vec<u16> {
        let of =
            |exchange: &&Exchange| exchange.host == host && exchange.method == method && exchange.path.contains(path);
        self.exchanges.iter().filter(of).map(|exchange| exchange.status).collect()
    }

    /// How many requests came to that service from some moment on. A batch is one.
    pub(crate) fn requests(&self, host: Host, since: u64) -> usize {
        self.exchanges.iter().filter(|one| one.host == host && one.at >= since && !one.part).count()
    }

    /// The technician phase of a laptop has ended: Intune knows it, and lets nobody provision it again.
    pub(crate) fn technician_phase(&mut self, tenant: &str, serial: &str, state: &str, now: u64) {
        let (managed, event) = (self.fresh("managed"), self.fresh("event"));
        let registration = self.directory.registrations.iter_mut().find(|one| one.tenant == tenant && one.is(serial));
        let registration = registration.unwrap_or_else(|| panic!("{serial} is not registered"));
        registration.enrollment = "enrolled".to_owned();
        registration.userless = "blocked".to_owned();
        registration.managed_device = Some(managed.clone());
        let (maker, model) = (registration.machine.manufacturer.clone(), registration.machine.model.clone());
        let registered = date(registration.since);
        let this = self.tenant(tenant);
        this.managed.push(json!({
            "id": managed, "deviceName": format!("PC-{serial}"), "serialNumber": serial, "manufacturer": maker,
            "model": model, "operatingSystem": "Windows", "osVersion": "10.0.26100.1742",
            "enrolledDateTime": date(now), "lastSyncDateTime": date(now), "complianceState": "unknown",
            "deviceEnrollmentType": "windowsAzureADJoinUsingDeviceAuth", "userPrincipalName": "",
        }));
        this.events.push(json!({
            "id": event, "deviceId": managed, "eventDateTime": date(now), "deviceRegisteredDateTime": registered,
            "enrollmentStartDateTime": date(now), "enrollmentType": "azureADJoinedWithWhiteGlove",
            "deviceSerialNumber": serial, "managedDeviceName": format!("PC-{serial}"), "userPrincipalName": "",
            "enrollmentState": "enrolled", "deploymentState": state, "deviceSetupStatus": state,
            "accountSetupStatus": "notAttempted", "osVersion": "10.0.26100.1742", "deploymentDuration": "PT31M4S",
            "deviceSetupDuration": "PT22M10S", "deploymentStartDateTime": date(now), "deploymentEndDateTime": date(now),
        }));
    }
}

impl Tenant {
    /// A profile that allows pre-provisioning, for a group that holds every laptop with that group tag.
    pub(crate) fn with_profile(&mut self, name: &str, tag: &str) -> String {
        let (group, profile) =
            (guid(&format!("group {} {tag}", self.id)), guid(&format!("profile {} {name}", self.id)));
        self.groups.push(json!({
            "id": group, "displayName": format!("Autopilot {tag}"), "securityEnabled": true,
            "groupTypes": ["DynamicMembership"], "membershipRuleProcessingState": "On",
            "membershipRule": format!("(device.devicePhysicalIds -any (_ -eq \"[OrderID]:{tag}\"))"),
        }));
        self.profiles.push(Profile {
            id: profile.clone(),
            value: json!({
                "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
                "id": profile, "displayName": name, "description": "", "locale": "os-default", "language": "os-default",
                "createdDateTime": "2026-01-01T00:00:00Z", "lastModifiedDateTime": "2026-01-01T00:00:00Z",
                "deviceType": "windowsPc", "deviceNameTemplate": "", "preprovisioningAllowed": true,
                "enableWhiteGlove": true, "hardwareHashExtractionEnabled": false, "extractHardwareHash": false,
                "roleScopeTagIds": ["0"],
                "outOfBoxExperienceSetting": {
                    "privacySettingsHidden": true, "eulaHidden": true, "userType": "standard",
                    "deviceUsageType": "singleUser", "keyboardSelectionPageSkipped": false, "escapeLinkHidden": true,
                },
            }),
            assignments: vec![json!({
                "id": format!("{profile}_{group}_0"), "source": "direct", "sourceId": profile,
                "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group},
            })],
        });
        profile
    }

    /// The profile that a laptop with this group tag gets: the first one assigned to a group that it is in.
    pub(crate) fn profile_for(&self, tag: &str) -> Option<&Profile> {
        let holds = |group: &Value| {
            let rule = group["membershipRule"].as_str().unwrap_or_default();
            rule.contains(&format!("[OrderID]:{tag}\"")) || rule.contains("[ZTDID]")
        };
        let reaches = |assignment: &&Value| {
            let target = &assignment["target"];
            let group = self.groups.iter().find(|group| group["id"] == target["groupId"]);
            target["@odata.type"] == "#microsoft.graph.allDevicesAssignmentTarget" || group.is_some_and(holds)
        };
        self.profiles.iter().find(|profile| profile.assignments.iter().any(|one| reaches(&one)))
    }
}

fn status_page() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
        "id": format!("{}_DefaultWindows10EnrollmentCompletionPageConfiguration", guid("status page")),
        "displayName": "All users and all devices", "description": "", "priority": 0, "version": 0,
        "createdDateTime": NEVER, "lastModifiedDateTime": NEVER, "showInstallationProgress": true,
        "blockDeviceSetupRetryByUser": false, "allowDeviceResetOnInstallFailure": true,
        "allowLogCollectionOnInstallFailure": true, "installProgressTimeoutInMinutes": 60,
        "allowDeviceUseOnInstallFailure": false, "selectedMobileAppIds": [], "allowNonBlockingAppInstallation": true,
        "installQualityUpdates": false, "trackInstallProgressForAutopilotOnly": true,
    })
}
