import Cluster
import DutyWorkflow
import Ethereum
import Program
import SSZ
import Storage

/// Files that operators share or bring along, and texts they type.
enum FileFuzz {
    /// Byte 0: which file; then its JSON.
    static func clusterFile(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(4)
        let json = source.rest()
        return "\(kind)"
            + outcome {
                switch kind {
                case 0: return try lock(json)
                case 1:
                    let definition = try Definition(json: json)
                    _ = definition.signedDepositAmounts
                    return try "definition \((definition.withHashes()).definitionHash == definition.definitionHash)"
                case 2:
                    let note = try PrivateKeyLock(json: json)
                    precondition((try? PrivateKeyLock(json: note.encoded())) == note, "note changed")
                    for now in [Int64.min, 0, .max] {
                        try? note.checkFree(at: Instant(nanoseconds: now), clusterLockHash: "0x00")
                    }
                    return "note"
                default:
                    let plan = try SwitchPlanFile(json: json)
                    precondition((try? SwitchPlanFile(json: plan.encoded())) == plan, "plan changed")
                    precondition(plan.path(beside: "/data/.charon").hasPrefix("/data/"), "elsewhere")
                    return "plan"
                }
            }
    }

    /// What is written is read again; a lock that was not signed is not taken.
    private static func lock(_ json: [UInt8]) throws -> String {
        let lock = try Lock(json: json)
        let file: LockFile
        do { file = try LockFile(lock) } catch {
            let written = try lock.encoded()
            guard let again = try? Lock(json: written), let second = try? again.encoded() else {
                preconditionFailure("our own lock does not read")
            }
            precondition(second == written, "lock changed when written again")
            throw error
        }
        precondition(file.warnings.isEmpty && (try? lock.withHashes()) == lock, "hashes do not hold")
        return "lock"
    }

    static let password = Array("correct horse".utf8)
    /// Above it a file is honest but slow; `KeyDerivation` has its own, higher bounds.
    private static let cheapMax: UInt64 = 4096

    /// All of it is the keystore.
    static func keystore(_ bytes: [UInt8]) -> String {
        guard isCheap(bytes) else { return "costly" }
        return outcome {
            _ = try Keystore.decrypt(bytes, password: password)
            return "opened"
        }
    }

    private static func isCheap(_ bytes: [UInt8]) -> Bool {
        guard let json = try? JSONValue(parsing: bytes) else { return true }
        return isCheap(json)
    }

    /// Names in the file are of any case, so every number anywhere must be small.
    private static func isCheap(_ json: JSONValue) -> Bool {
        switch json {
        case .number: (json.integer ?? 0) <= cheapMax
        case .array(let items): items.allSatisfy(isCheap)
        case .object(let object): object.members.allSatisfy { isCheap($0.value) }
        default: true
        }
    }

    /// All of it is the file.
    static func interchange(_ bytes: [UInt8]) -> String {
        outcome {
            let read = try Interchange.read(bytes, genesisValidatorsRoot: .zero, current: SlashingHistory())
            precondition(read.raised.validators.count <= read.validators)
            let written = Interchange.export(read.raised, genesisValidatorsRoot: .zero).bytes()
            let again = try? Interchange.read(written, genesisValidatorsRoot: .zero, current: SlashingHistory())
            precondition(again?.raised == read.raised, "watermarks changed on their way")
            let repeated = try? Interchange.read(bytes, genesisValidatorsRoot: .zero, current: read.raised)
            precondition(repeated?.raised.isEmpty == true, "the same file raises twice")
            return "ok\(min(read.raised.attestations.count, 2))\(min(read.raised.proposals.count, 1))"
        }
    }

    private static let clusterKeys: ClusterKeys = {
        guard let keys = try? ClusterKeys(Corpus.cluster.lock) else { preconditionFailure("keys of a small cluster") }
        return keys
    }()

    /// All of it is the file, for the corpus' cluster.
    static func registrationOverrides(_ bytes: [UInt8]) -> String {
        outcome {
            let lock = Corpus.cluster.lock
            let overrides = try RegistrationOverrides(
                json: bytes, keys: clusterKeys, forkVersion: lock.definition.forkVersion)
            var registrations = Registrations(lock)
            // Nobody but the lock has signed with the validator's key.
            precondition(registrations.take(overrides).isEmpty, "something newer was made up")
            return "\(overrides.registrations.count) \(min(overrides.foreignCount, 2))"
        }
    }

    /// All of it is the text.
    static func timestamp(_ bytes: [UInt8]) -> String {
        guard let instant = RFC3339.parse(String(decoding: bytes, as: UTF8.self)) else { return "no time" }
        precondition(RFC3339.parse(RFC3339.nanoseconds(instant)) == instant, "time changed")
        _ = RFC3339.seconds(instant)
        return instant.nanoseconds < 0 ? "before" : "time"
    }

    /// All of it is the text.
    static func duration(_ bytes: [UInt8]) -> String {
        guard let duration = GoDuration.parse(String(decoding: bytes, as: UTF8.self)) else { return "no duration" }
        precondition(duration >= .zero)
        let text = GoDuration.format(duration)
        guard let again = GoDuration.parse(text) else { preconditionFailure("\(text) does not read") }
        // Minutes and hours are written in whole seconds.
        precondition(again <= duration + .milliseconds(1) && duration - again <= .seconds(1), "\(text) for \(duration)")
        return "duration"
    }
}
