import DutyWorkflow
import Ethereum
import KeymanagerAPI
import SSZ

/// What the API sets for one validator. The graffiti is this node's own; fee recipient and gas limit are in a registration
/// that the cluster signs, so they hold once as many operators as it takes want the same.
extension Keymanager {
    func set(_ change: ValidatorChange, for pubKey: PubKey) async throws {
        let validator = try held(pubKey)
        if case .graffiti(let text) = change, text.utf8.count > hands.graffitiBytesMax {
            throw KeymanagerFault(
                400,
                "graffiti has \(text.utf8.count) bytes; at most \(hands.graffitiBytesMax), or 32 when the node runs with"
                    + " --graffiti-disable-client-append")
        }
        let holding = hands.registration(validator)
        try await record(validator, holding) { setting in
            switch change {
            case .graffiti(let text): setting.graffiti = text
            case .feeRecipient(let address): setting.feeRecipient = address
            case .gasLimit(let limit): setting.gasLimit = limit
            }
            if setting.feeRecipient != nil || setting.gasLimit != nil { setting.replaces = holding?.timestamp }
        }
        if case .graffiti = change {
            logger.info("graffiti set", metadata: ["validator": "\(validator)"])
        } else {
            logger.warning(
                "another registration is wanted; it holds once as many operators as the threshold want the same",
                metadata: ["validator": "\(validator)", "wanted": "\(change)"])
        }
    }

    /// - Throws: 403 for what the cluster has signed: it holds until the cluster signs another one.
    func unset(_ setting: ValidatorSetting, of pubKey: PubKey) async throws {
        let validator = try held(pubKey)
        let holding = hands.registration(validator)
        let old = hands.settings.all[validator]?.current(holding?.timestamp)
        let isSet =
            switch setting {
            case .feeRecipient: old?.feeRecipient != nil
            case .gasLimit: old?.gasLimit != nil
            case .graffiti: old?.graffiti != nil
            }
        guard isSet else {
            switch setting {
            case .graffiti: throw KeymanagerFault(404, "no graffiti is set for this key; --graffiti holds")
            case .feeRecipient, .gasLimit:
                throw KeymanagerFault(
                    403,
                    "what holds is in a registration that the whole cluster has signed, or in the cluster lock: it cannot"
                        + " be taken away, only replaced; have as many operators as the threshold set another value")
            }
        }
        try await record(validator, holding) { new in
            switch setting {
            case .feeRecipient: new.feeRecipient = nil
            case .gasLimit: new.gasLimit = nil
            case .graffiti: new.graffiti = nil
            }
            if new.feeRecipient == nil, new.gasLimit == nil { new.replaces = nil }
        }
    }

    /// Durable before it is used.
    private func record(
        _ validator: PubKey, _ holding: ValidatorRegistration?,
        _ edit: @Sendable (inout ValidatorSettings.Setting) -> Void
    ) async throws {
        try await turns.run { [self] in
            var setting = (hands.settings.all[validator] ?? .init()).current(holding?.timestamp)
            edit(&setting)
            let new = setting
            do {
                try await threads.run { [settings = hands.settings] in try settings.set(new, for: validator) }
            } catch {
                logger.error("write validator settings", metadata: ["error": "\(error)"])
                throw KeymanagerFault(500, "\(hands.settings.path) could not be written: \(error)")
            }
            hands.changed()
        }
    }

    /// What was set, else what blocks say.
    func graffiti(_ pubKey: PubKey) throws -> String {
        let validator = try held(pubKey)
        if let text = hands.settings.all[validator]?.graffiti { return text }
        let bytes = hands.graffiti(validator)?.bytes ?? []
        return String(decoding: bytes[..<(bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)], as: UTF8.self)
    }
}
