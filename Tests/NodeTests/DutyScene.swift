import BLS
import BeaconAPI
import DutyWorkflow
import Ethereum
import Program
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import Cluster
@testable import Node

/// One operator of four with real keys, on a chain whose epoch 100 is half over. The duty of the tests is of the slot
/// under way; all validators are in committee 0.
struct DutyScene: Sendable {
    struct Validator: Sendable {
        let secret: BLS.SecretKey
        /// By operator.
        let shares: [BLS.SecretKey]
        let row: AttesterDuty

        var pubKey: PubKey { secret.publicKey.bytes }
        var entry: EntryKey { EntryKey(pubKey) }
    }

    static let domains: SigningDomains = {
        let forks = try! ForkSchedule(
            ForkName.allCases.map { .init(fork: $0, version: Bytes4(padding: [UInt8($0.rawValue)]), epoch: .zero) })
        return SigningDomains(
            forks: forks, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32, preset: .mainnet)
    }()

    static let spec = ChainSpec(forks: domains.forks)

    /// Of a chain whose clock nobody looks at.
    static func view() -> ChainView {
        let clock = SlotClock(genesis: Instant(nanoseconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)
        return ChainView(ChainContext(clock: clock, domains: domains, spec: spec))
    }

    let validators: [Validator]
    let operators: [PrivateKey]
    let keys: ShareKeys
    let chain: ChainContext
    let view: ChainView
    let threads = CryptoThreads(threads: 2)
    let verifier: SignatureVerifier
    let slot: Slot

    /// Ours; share 1.
    static let own = PeerIndex(0)
    static let epoch = Epoch(100)

    init(validators count: Int = 2) throws {
        let slot = Slot(Self.epoch.rawValue * 32 + 16)
        let genesis = SystemClock.now() - .seconds(12) * Int(slot.rawValue) - .seconds(6)
        let clock = SlotClock(genesis: genesis, slotDuration: .seconds(12), slotsPerEpoch: 32)
        var generator = SystemRandomNumberGenerator()
        validators = try (0..<count).map { position in
            let secret = SecretKey.random()
            let shares = try secret.split(threshold: 3, shares: 4, using: &generator)
            var row = AttesterDuty()
            row.pubKey = secret.publicKey.bytes
            row.slot = slot
            row.validatorIndex = ValidatorIndex(UInt64(position) + 7)
            row.committeeLength = 128
            row.committeesAtSlot = 4
            row.validatorCommitteeIndex = UInt64(position)
            return Validator(secret: secret, shares: shares.sorted { $0.key < $1.key }.map(\.value), row: row)
        }
        operators = try (1...4).map { try PrivateKey(Root(padding: [UInt8($0)]).bytes) }
        keys = ShareKeys(
            validators.map { .init(publicKey: $0.secret.publicKey, shares: $0.shares.map(\.publicKey)) },
            own: ShareIndex(Self.own))
        chain = ChainContext(clock: clock, domains: Self.domains, spec: Self.spec)
        view = ChainView(chain)
        verifier = SignatureVerifier(threads: threads)
        self.slot = slot
    }

    var duty: Duty { .attester(slot: slot) }

    /// What the beacon node gives for the duty.
    func data(of committee: CommitteeIndex = .zero) -> AttestationData {
        var data = AttestationData()
        data.slot = slot
        data.index = committee
        data.beaconBlockRoot = Root(padding: [5])
        data.source = Checkpoint(epoch: Epoch(Self.epoch.rawValue - 1), root: Root(padding: [1]))
        data.target = Checkpoint(epoch: Self.epoch, root: Root(padding: [2]))
        return data
    }

    /// What the cluster decides.
    var decided: UnsignedDataSet {
        Dictionary(uniqueKeysWithValues: validators.map { ($0.pubKey, .attester(data(), $0.row)) })
    }

    /// A validator's vote, without a signature.
    private func unsigned(_ validator: Validator) throws -> SignedData {
        .attestation(try #require(VersionedAttestation(fork: .fulu, data: data(), duty: validator.row)))
    }

    /// What is to be signed of the decided values.
    func objects() throws -> SignedDataSet {
        Dictionary(uniqueKeysWithValues: try validators.map { ($0.entry, try unsigned($0)) })
    }

    /// The shares of one operator, of all validators.
    ///
    /// - Parameter signedBy: the operator whose shares really sign, for shares that do not verify.
    func partials(of peer: PeerIndex = own, signedBy signer: PeerIndex? = nil) throws -> ParSignedDataSet {
        var set: ParSignedDataSet = [:]
        for validator in validators {
            let object = try unsigned(validator)
            let share = validator.shares[(signer ?? peer).rawValue]
            let signature = share.sign(Self.domains.signingRoot(of: object)).bytes
            set[validator.entry] = ParSignedData(
                data: object.with(signature: signature), shareIndex: ShareIndex(peer))
        }
        return set
    }

    /// The group's own signatures.
    func signed() throws -> SignedDataSet {
        var set: SignedDataSet = [:]
        for validator in validators {
            let object = try unsigned(validator)
            let root = Self.domains.signingRoot(of: object)
            set[validator.entry] = object.with(signature: validator.secret.sign(root).bytes)
        }
        return set
    }

    /// As the beacon node knows the validators.
    func beaconRow(_ validator: Validator, _ status: ValidatorStatus = .activeOngoing) -> BeaconValidator {
        var record = ValidatorRecord()
        record.pubKey = validator.pubKey
        record.activationEpoch = status.isActive ? .zero : Epoch(.max)
        record.exitEpoch = Epoch(.max)
        return BeaconValidator(index: validator.row.validatorIndex, balance: 32, status: status, validator: record)
    }

    /// The body of `states/head/validators`.
    func validatorsJSON(_ status: ValidatorStatus = .activeOngoing) -> JSONValue {
        let rows = validators.map { beaconRow($0, status).json() }
        return ["execution_optimistic": false, "finalized": false, "data": .array(rows)]
    }

    /// The body of `duties/attester`.
    func dutiesJSON(_ rows: [AttesterDuty]? = nil) -> JSONValue {
        DutiesAnswer(
            dependentRoot: Root(padding: [9]), isExecutionOptimistic: false, rows: rows ?? validators.map(\.row)
        ).json()
    }
}
