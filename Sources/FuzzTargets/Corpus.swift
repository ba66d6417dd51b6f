import BLS
import BeaconAPI
import Cluster
import DutyWorkflow
import Ethereum
import Libp2p
import NIOCore
import PeerProtocols
import QBFT
import SSZ
import Secp256k1
import Storage

/// Valid inputs that fuzzing starts from, made from constants: the same on every run.
///
/// The files in `Tests/FuzzTests/Corpus` named `seed-…` are these; others there are inputs that once broke something.
package enum Corpus {
    package static func seeds(_ target: FuzzTarget) -> [[UInt8]] {
        switch target {
        case .ssz: containers
        case .json: json
        case .beaconBody: beaconBodies
        case .apiParameter:
            tagged([
                (0, "head"), (0, "12345"), (0, Root.zero.hex), (1, Known.pubKeys[0].hex), (1, "7,8"), (2, "active"),
            ])
                + tagged([(3, "Connection: close, X-A\nX-A: 1\nAccept: text/html")])
        case .serverSentEvents: events
        case .signerAnswer: signerAnswers
        case .wireValue: wireValues
        case .consensus: consensus
        case .parSigEx:
            [[0] + ParSigExCodec.encode(Known.duty, Known.partials(share: 2)), built(11), built(12), built(13)]
        case .priority: PriorityFuzz.seeds + (0..<4).map { [1] + randomBytes(40 + $0, 200) }
        case .peerInfo: [peerInfo, Array("v1.10.3-rc1".utf8)]
        case .workflow: (20..<26).map { randomBytes($0, 400) }
        case .noiseHandshake: NoiseFuzz.messages.enumerated().map { [UInt8($0.offset)] + $0.element }
        case .noisePayload: [NoiseFuzz.validPayload]
        case .noiseFrames: [[0, 0, 0, 5, 1, 2, 3, 4, 5]] + (30..<34).map { [1] + randomBytes($0, 24) }
        case .upgrade: upgrades
        case .yamux: yamux
        case .multistream:
            [[0, 0] + multistream(["/multistream/1.0.0", "/meshsub", "/noise"]) + [1, 2, 3]]
                + [[1, 3, 2, 9, 4] + multistream(["/multistream/1.0.0", "na", "/noise"])]
        case .delimited: [[0, 3, 1, 2, 3, 0, 0xac, 2] + [UInt8](repeating: 7, count: 300)]
        case .identify: [identify]
        case .circuit: circuits
        case .voucher: vouchers
        case .relayAnswer: relayAnswers
        case .multiaddr: addresses.map { [1] + Array($0.description.utf8) } + addresses.map { [0] + $0.bytes }
        case .peerID: peerIDs
        case .enr: [[0] + Array(ENR(signedBy: Known.keys[0]).text.utf8)] + [[1] + RLP.encode(list: recordContent)]
        case .rlp: [RLP.encode(list: recordContent), RLP.encode(list: [[UInt8](repeating: 1, count: 60), []])]
        case .clusterFile: clusterFiles
        case .keystore: keystores
        case .interchange: [interchange]
        case .timestamp: ["2026-11-24T00:41:40Z", "1969-12-31T23:59:59.999999999+01:30"].map { Array($0.utf8) }
        case .registrationOverrides: registrationOverrides
        case .ceremonyMessage: CeremonyFuzz.messageSeeds
        case .ceremonySync: (50..<54).map { randomBytes($0, 200) }
        case .ceremonyEvents: (60..<64).map { randomBytes($0, 200) }
        case .duration: ["300ms", "1h30m", "1.5s", "0", "2us"].map { Array($0.utf8) }
        }
    }

    private static func tagged(_ rows: [(UInt8, String)]) -> [[UInt8]] { rows.map { [$0.0] + Array($0.1.utf8) } }

    private static func randomBytes(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var random = Mutator(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private static func built(_ seed: UInt64) -> [UInt8] { [1] + randomBytes(seed, 160) }

    // MARK: SSZ and JSON

    private static let containers: [[UInt8]] = SSZFuzz.types.indices.flatMap { index in
        SSZFuzz.presets.indices.map { preset in
            [UInt8(index), UInt8(preset)] + empty(SSZFuzz.types[index], SSZFuzz.presets[preset])
        }
    }.filter { $0.count < 2000 }

    private static func empty<Value: SSZCodable>(_: Value.Type, _ preset: Preset) -> [UInt8] {
        guard let type = Value.self as? any SSZContainer.Type else { return [] }
        return type.init().sszBytes(preset: preset)
    }

    private static let json = [
        #"{"a":[1,-0.5e+10,true,null,"é😀\n"],"b":{"c":"","d":[]},"e":"18446744073709551615"}"#,
        #"[[[[{"x":{"y":[{}]}}]]]]"#,
    ].map { Array($0.utf8) }

    private static let duties: JSONValue = ["dependent_root": Root.zero.json(), "execution_optimistic": false]

    private static func answer(_ rows: JSONValue) -> JSONValue {
        guard case .object(var object) = duties else { return rows }
        object.append("data", rows)
        return .object(object)
    }

    private static let beaconBodies: [[UInt8]] = {
        let record = BeaconValidator(index: 7, balance: 32, status: .activeOngoing, validator: ValidatorRecord())
        let single = SingleAttestation(
            committeeIndex: 1, attesterIndex: 7, data: Known.attestationData(), signature: Known.signature)
        let phase0 = AttestationPhase0(
            aggregationBits: Bitlist(count: 8, setting: [3]), data: Known.attestationData(), signature: Known.signature)
        let spec: JSONValue = [
            "CONFIG_NAME": "testnet", "SECONDS_PER_SLOT": "12", "SLOTS_PER_EPOCH": "32",
            "GENESIS_FORK_VERSION": "0x00000001", "ALTAIR_FORK_VERSION": "0x01000001", "ALTAIR_FORK_EPOCH": "2",
            "GLOAS_FORK_VERSION": "0x07000001", "GLOAS_FORK_EPOCH": "9", "BLOB_SCHEDULE": [["EPOCH": "1"]],
            "DOMAIN_BEACON_ATTESTER": "0x01000000",
        ]
        let fork: JSONValue = ["previous_version": "0x00000001", "current_version": "0x00000001", "epoch": "0"]
        let genesis = Genesis(time: 1_606_824_023, validatorsRoot: .zero, forkVersion: .zero)
        let bodies: [JSONValue] = [
            answer([Known.row(0).json(), Known.row(1).json()]), answer([ProposerDuty().json()]),
            answer([SyncDuty().json()]), ["data": [record.json()]], ["data": genesis.json()], ["data": spec],
            ["data": [fork]], ["data": SyncingStatus(headSlot: 9, syncDistance: 1, isSyncing: true).json()],
            ["data": ["version": "Node/v1.0"]], [phase0.json()], [single.json()],
            ["data": Known.attestationData().json()],
            ["code": 400, "message": "bad\nthing", "failures": [["index": 3, "message": "no"]]],
        ]
        return bodies.enumerated().map { [UInt8($0.offset)] + $0.element.bytes() }
    }()

    private static let events: [[UInt8]] = [
        "event: head\nid: 4\ndata: {\"slot\":\"10\",\ndata: \"block\":\"\(Root.zero.hex)\"}\n\n:ping\n\nretry: 1500\n\n",
        "\u{feff}data\r\ndata: x\r\rdata: y\n\n",
    ].map { [2, 9, 30] + Array($0.utf8) }

    private static let signerAnswers = tagged([
        (0, JSONValue.array(Known.pubKeys.map { .string($0.hex) }).text()),
        (1, "{\"signature\":\"\(Known.signature.hex)\"}"), (1, Known.signature.hex + "\n"),
        (5, "refused: \(SignerFuzz.secret)\nby \u{1b}[1mslashing protection"), (6, "e\u{301}"),
    ])

    // MARK: Peers

    private static let wireValues: [[UInt8]] = {
        let unsigned = Known.unsigned(validators: 1).values.map { $0.wireBytes() }
        let signed = [ForkName.deneb, .fulu].map { Known.signed(0, fork: $0).wireBytes() }
        // Kind A: the same without the validator index.
        let bare = signed.map { Array($0.prefix(8)) + [12, 0, 0, 0] + $0.dropFirst(20) }
        let data = Known.attestationData()
        let text: JSONValue = ["attestation_data": data.json(), "attestation_duty": Known.row(0).json()]
        let signedText: JSONValue = [
            "version": 3, "validator_index": "15",
            "attestation": AttestationPhase0(
                aggregationBits: Bitlist(count: 8, setting: [1]), data: data, signature: Known.signature
            ).json(),
        ]
        return (unsigned + [text.bytes()]).map { [0, 1] + $0 }
            + (signed + bare + [signedText.bytes()]).map { [1, 1] + $0 }
    }()

    private static let consensus: [[UInt8]] = {
        let messages = [Known.vote(.prePrepare, source: 2), Known.vote(.commit, source: 1), Known.roundChange]
        return messages.compactMap { try? ConsensusCodec.encode($0) }.map { [0] + $0 } + (0..<6).map { built($0) }
    }()

    private static let peerInfo = PeerInfo(
        lockHash: Root([UInt8](repeating: 9, count: 32)) ?? .zero,
        sentAt: Instant(nanoseconds: 1_795_467_579_123_456_789), gitHash: "abcdef0",
        startedAt: Instant(unixSeconds: 1_795_000_000), builderAPI: true, nickname: "node", client: "styx"
    ).wireBytes()

    // MARK: libp2p

    private static func multistream(_ texts: [String]) -> [UInt8] {
        texts.flatMap { [UInt8($0.utf8.count + 1)] + Array($0.utf8) + [0x0a] }
    }

    private static func frame(_ message: [UInt8]) -> [UInt8] {
        [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
    }

    private static let upgrades: [[UInt8]] = {
        let security = multistream(["/multistream/1.0.0", "/noise"])
        return [
            [0, 2, 10, 40] + security + frame(NoiseFuzz.messages[0]) + frame(NoiseFuzz.messages[2]),
            [1, 1, 33] + security + frame(NoiseFuzz.messages[1]),
        ]
    }()

    private static func header(
        _ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, _ stream: UInt32, _ length: UInt32
    ) -> [UInt8] {
        var output = ByteBuffer()
        YamuxHeader(kind, flags, stream: stream, length: length).write(into: &output)
        return Array(output.readableBytesView)
    }

    private static let yamux: [[UInt8]] = {
        let life =
            header(.data, .syn, 1, 3) + [1, 2, 3] + header(.windowUpdate, [], 1, 4096) + header(.ping, .syn, 0, 5)
            + header(.data, .fin, 1, 2) + [4, 5] + header(.windowUpdate, [.syn, .fin], 3, 0)
            + header(.windowUpdate, .rst, 3, 7) + header(.goAway, [], 0, 0)
        let flood = (0..<20).flatMap { header(.windowUpdate, .syn, UInt32(2 * $0 + 1), 0) }
        let heavy =
            header(.data, .syn, 1, 4000) + [UInt8](repeating: 1, count: 4000)
            + (1..<30).flatMap { header(.data, .syn, UInt32(2 * $0 + 1), 200) + [UInt8](repeating: 2, count: 200) }
        let acting = (40..<44).map { [UInt8(2 + $0 % 2)] + randomBytes($0, 32) + life + randomBytes($0 + 9, 64) }
        return [[0] + life, [1] + life, [0] + flood, [0] + heavy] + acting
    }()

    private static let addresses: [Multiaddr] = {
        let peer = PeerID(Known.keys[0].publicKey)
        return [
            Multiaddr([.ip4(0x7f00_0001), .tcp(3610), .p2p(peer)]), Multiaddr([.ip6(0, 1), .udp(9), .quicV1]),
            Multiaddr([.dns4("relay.example"), .tcp(80), .p2p(peer), .p2pCircuit, .p2p(peer)]),
            Multiaddr([.dns("b\u{fc}cher.example"), .tcp(1)]),
        ]
    }()

    private static let identify: [UInt8] = {
        var identify = Identify()
        identify.peer = PeerID(Known.keys[0].publicKey)
        identify.listenAddresses = Array(addresses.prefix(2))
        identify.protocols = ["/ipfs/id/1.0.0", "/noise"]
        identify.agentVersion = "styx"
        var observed = Identify()
        observed.observedAddress = addresses[0]
        observed.protocolVersion = "x"
        let (first, second) = (identify.encode(), observed.encode())
        return [UInt8(first.count)] + first + [UInt8(second.count)] + second
    }()

    private static let circuits: [[UInt8]] = {
        let peer = PeerID(Known.keys[0].publicKey)
        let limit = CircuitLimit(duration: 3600, data: 32 << 20)
        let reservation = Reservation(
            expire: 1_795_471_179, addresses: Array(addresses.prefix(3)), voucher: vouchers[0])
        let hops = [
            HopMessage(.reserve), HopMessage(.connect, peer: CircuitPeer(peer, addresses: addresses)),
            HopMessage(.status, reservation: reservation, limit: limit, status: .ok),
        ]
        let stops = [StopMessage(.connect, peer: CircuitPeer(peer), limit: limit), StopMessage(.status, status: .ok)]
        let punches = [HolePunch(.connect, addresses: addresses), HolePunch(.sync)]
        return hops.map { [0] + $0.encode() } + stops.map { [1] + $0.encode() } + punches.map { [2] + $0.encode() }
    }()

    private static let vouchers: [[UInt8]] = {
        let (relay, peer) = (PeerID(Known.keys[0].publicKey), PeerID(Known.keys[1].publicKey))
        let voucher = ReservationVoucher(relay: relay, peer: peer, expiration: 1_795_471_179)
        let other = SignedEnvelope(payload: [1], payloadType: [3, 1], domain: "x", signedBy: Known.keys[0])
        return [voucher.sealed(with: Known.keys[0]), voucher.sealed(with: Known.keys[1]), other.encode()]
    }()

    private static let relayAnswers: [[UInt8]] = {
        let peer = PeerID(Known.keys[0].publicKey)
        let list = ["/ip4/1.2.3.4/tcp/3610/p2p/\(peer)", "/dns/relay.example/tcp/1/p2p/\(peer)", "/x"]
        let digest = keccak256(RLP.encode(list: recordContent))
        let signature = Array(Known.keys[0].sign(digest: digest).bytes.prefix(64))
        let record = "enr:" + NameFuzz.base64URL(RLP.encode(list: [signature] + recordContent))
        return [JSONValue.array(list.map { .string($0) }).bytes(), Array("\n\(record)\n".utf8)]
    }()

    private static let peerIDs: [[UInt8]] = {
        let peer = PeerID(Known.keys[0].publicKey)
        let cid = "f0172" + Hex.encodeBare(peer.bytes)
        return [[0] + Array(peer.description.utf8), [0] + Array(cid.utf8), [1] + peer.bytes, [2] + peer.keyProtobuf]
    }()

    // MARK: Files

    private static let recordContent: [[UInt8]] = [
        [1], Array("id".utf8), Array("v4".utf8), Array("ip".utf8), [127, 0, 0, 1], Array("secp256k1".utf8),
        Known.keys[0].publicKey.compressed.bytes, Array("tcp".utf8), [0x0e, 0x1a],
    ]

    private static let clusterFiles: [[UInt8]] = {
        guard let lock = try? cluster.lock.encoded(),
            let definition = try? JSONValue(parsing: lock).member("cluster_definition").bytes()
        else { preconditionFailure("a small cluster") }
        let note = PrivateKeyLock(command: "run", timestamp: clusterTime, clusterLockHash: "0x00")
        // Layouts of all kinds; their signatures do not hold.
        let older = [FileVersion.v1_0, .v1_2, .v1_4, .v1_6, .v1_7, .v1_11].compactMap { version -> [UInt8]? in
            var lock = cluster.lock
            lock.definition.version = version
            return try? [0] + lock.encoded()
        }
        let plan = SwitchPlanFile(
            epoch: 9, directory: "distributed_validator", oldLock: cluster.lock.lockHash, newLock: .zero)
        return [[0] + lock, [1] + definition, [2] + note.encoded(), [3] + plan.encoded()] + older
    }()

    /// What the lock has itself, and of a validator that the cluster does not have.
    private static let registrationOverrides: [[UInt8]] = {
        let own = Registrations(cluster.lock).signed.values.map { $0 }
        var foreign = own
        for index in foreign.indices { foreign[index].message.pubKey = Known.pubKeys[0] }
        return [own, own + foreign, []].map { entries in
            JSONValue.array(entries.map { ["version": "v1", "v1": $0.json()] }).bytes()
        }
    }()

    private static let clusterTime = Instant(unixSeconds: 1_795_467_579)

    /// Of one validator.
    static let cluster: ClusterCreation = {
        var random = Mutator(seed: 1)
        var options = ClusterOptions()
        options.name = "fuzz <&>"
        options.nodes = 3
        options.validators = 1
        options.feeRecipients = ["0x000000000000000000000000000000000000dEaD"]
        options.withdrawalAddresses = options.feeRecipients
        options.network = .hoodi
        options.insecureKeys = true
        guard let cluster = try? ClusterCreation(options, now: clusterTime, using: &random) else {
            preconditionFailure("a small cluster")
        }
        return cluster
    }()

    private static let keystores: [[UInt8]] = {
        var random = Mutator(seed: 2)
        guard let key = try? SecretKey(bytes: [UInt8](repeating: 0, count: 31) + [5]),
            let pbkdf2 = try? Keystore.encrypt(key, cost: .insecure, .init(password: FileFuzz.password, using: &random))
        else { preconditionFailure("a small key") }
        // Does not open, but goes through scrypt.
        let scrypt = String(decoding: pbkdf2, as: UTF8.self).replacing(
            #""function": "pbkdf2""#, with: #""function": "scrypt""#
        )
        .replacing(#""c": 16"#, with: #""n": 4, "r": 1, "p": 1"#)
        return [pbkdf2, Array(scrypt.utf8)]
    }()

    private static let interchange: [UInt8] = {
        var history = SlashingHistory()
        history.attestations[Known.pubKeys[0]] = AttestationWatermark(source: 3, target: 4, dataRoot: .zero)
        history.attestations[Known.pubKeys[1]] = AttestationWatermark(source: 0, target: 9, dataRoot: .zero)
        history.proposals[Known.pubKeys[1]] = ProposalWatermark(slot: 300, root: .zero)
        return Interchange.export(history, genesisValidatorsRoot: .zero).bytes()
    }()
}
