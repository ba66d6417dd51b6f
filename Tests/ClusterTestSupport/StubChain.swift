import BeaconAPI
import BeaconTestSupport
import Ethereum
import SSZ
import Synchronization

/// A beacon node of hoodi that knows some validators and takes their exits.
package final class StubChain: Sendable {
    package let validators: [PubKey]
    /// What becomes of a submission; nil: it is taken.
    private let refusal = Mutex<FakeBeaconNode.Answer?>(nil)
    private let statuses: Mutex<[ValidatorStatus]>
    private let activations: Mutex<[Epoch]>
    private let taken = Mutex<[SignedVoluntaryExit]>([])
    private let version: ForkVersion
    private static let firstIndex: UInt64 = 500

    /// - Parameter validators: get the indexes from 500 on; all are active.
    package init(_ validators: [PubKey], forkVersion: ForkVersion = Network.hoodi.genesisForkVersion) {
        self.validators = validators
        statuses = Mutex(validators.map { _ in .activeOngoing })
        activations = Mutex(validators.map { _ in .zero })
        version = forkVersion
    }

    package static let capellaVersion = Bytes4([0x40, 0x00, 0x09, 0x10]) ?? .zero

    package static var genesisValidatorsRoot: Root { Network.hoodi.genesisValidatorsRoot ?? .zero }

    /// Of an exit on it, for ever.
    package static func signingRoot(_ exit: VoluntaryExit) -> Root {
        computeSigningRoot(
            objectRoot: exit.hashTreeRoot(),
            domain: computeDomain(
                .voluntaryExit, version: capellaVersion, genesisValidatorsRoot: genesisValidatorsRoot))
    }

    package static func index(of validator: Int) -> ValidatorIndex { ValidatorIndex(firstIndex + UInt64(validator)) }

    package var exits: [SignedVoluntaryExit] { taken.withLock { $0 } }

    package func set(_ status: ValidatorStatus, of validator: Int) { statuses.withLock { $0[validator] = status } }

    package func activate(_ validator: Int, in epoch: Epoch) { activations.withLock { $0[validator] = epoch } }

    package func refuse(_ answer: FakeBeaconNode.Answer?) { refusal.withLock { $0 = answer } }

    package func answer(_ request: ProxyRequest) -> FakeBeaconNode.Answer {
        switch request.target {
        case "/eth/v1/node/version": return .json(#"{"data":{"version":"stub"}}"#)
        case "/eth/v1/beacon/genesis":
            let genesis = Genesis(time: 1, validatorsRoot: Self.genesisValidatorsRoot, forkVersion: version)
            return Self.data(genesis.json())
        case "/eth/v1/config/spec": return Self.data(spec)
        case "/eth/v1/beacon/states/head/validators": return Self.data(.array(rows(request)))
        case "/eth/v1/beacon/pool/voluntary_exits":
            if let answer = refusal.withLock({ $0 }) { return answer }
            guard let exit = try? SignedVoluntaryExit(json: JSONValue(parsing: request.body)) else {
                return .json(#"{"code":400,"message":"no exit"}"#, status: 400)
            }
            taken.withLock { $0.append(exit) }
            return .json("{}")
        default: return .json(#"{"code":404,"message":"not known"}"#, status: 404)
        }
    }

    private var spec: JSONValue {
        [
            "SECONDS_PER_SLOT": "12", "SLOTS_PER_EPOCH": "32", "GENESIS_FORK_VERSION": .string(version.hex),
            "ALTAIR_FORK_VERSION": "0x20000910", "ALTAIR_FORK_EPOCH": "0", "BELLATRIX_FORK_VERSION": "0x30000910",
            "BELLATRIX_FORK_EPOCH": "0", "CAPELLA_FORK_VERSION": .string(Self.capellaVersion.hex),
            "CAPELLA_FORK_EPOCH": "0", "DENEB_FORK_VERSION": "0x50000910", "DENEB_FORK_EPOCH": "0",
            "SHARD_COMMITTEE_PERIOD": "200",
        ]
    }

    private func rows(_ request: ProxyRequest) -> [JSONValue] {
        let ids = Set((try? JSONValue(parsing: request.body))?["ids"]?.array?.compactMap(\.string) ?? [])
        let (statuses, activations) = (statuses.withLock { $0 }, activations.withLock { $0 })
        return validators.enumerated().compactMap { i, pubKey in
            guard ids.contains(pubKey.hex) || ids.contains("\(Self.index(of: i))") else { return nil }
            var record = ValidatorRecord()
            record.pubKey = pubKey
            record.activationEpoch = activations[i]
            return BeaconValidator(index: Self.index(of: i), balance: 32, status: statuses[i], validator: record).json()
        }
    }

    private static func data(_ value: JSONValue) -> FakeBeaconNode.Answer {
        .json((["data": value] as JSONValue).text())
    }
}
