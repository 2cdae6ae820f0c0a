use super::HardwareHash;
pub(super) fn doubts(_hash: &HardwareHash) -> Vec<String> {
    vec![]
}
