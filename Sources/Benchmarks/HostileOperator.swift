import Demo
import DutyWorkflow
import Ethereum
import Libp2p
import Logging
import NIOCore
import PeerProtocols
import QBFT
import SSZ
import Secp256k1

/// One of a cluster's operators, with its own keys and nothing but harm in mind. It has every right to be connected.
struct HostileOperator {
    enum Attack: String, CaseIterable {
        /// Votes whose signature is wrong: each costs a look at a curve.
        case badSignatures = "bad signatures"
        case repeats = "the same vote"
        case junk = "junk of 60 KiB"
        /// Authentic votes for values of all validators that nobody heard of before, in duties to come.
        case earlyValues = "early values"
        /// Authentic votes with two values of its own as justification.
        case junkJustifications = "junk justifications"
        /// Shares of all validators, for what nobody attests to.
        case undueShares = "undue shares"
        /// Shares of aggregates with as many bits as fit a list, 16 KiB each.
        case largeAggregates = "large aggregates"
        /// As much as a block with all its blobs may have, over all the connections that a peer may have.
        case huge = "values of 15 MiB"

        var protocolID: String {
            [.undueShares, .largeAggregates].contains(self) ? ParSigExProtocol.id : ConsensusProtocol.id
        }

        /// To one node at once, over one connection.
        var underWay: Int {
            switch self {
            case .badSignatures, .repeats, .junk: 128
            case .huge: 2
            case .earlyValues, .junkJustifications, .undueShares, .largeAggregates: 16
            }
        }

        /// Messages that differ.
        fileprivate var kinds: Int {
            switch self {
            case .repeats: 1
            case .huge, .largeAggregates: 4
            case .earlyValues, .junkJustifications, .undueShares: 96
            case .badSignatures, .junk: 600
            }
        }
    }

    /// All with its key, so that each has a connection of its own to every node.
    let hosts: [Libp2p.Host]
    private let own: PeerIndex
    private let key: PrivateKey
    private let remotes: [PeerID]
    private let chain: DemoChain

    /// - Parameter addresses: of the nodes to harm, with their peer ids.
    init(_ own: PeerIndex, key: PrivateKey, against addresses: [Multiaddr], _ chain: DemoChain) throws {
        self.own = own
        self.key = key
        self.chain = chain
        var configuration = HostConfiguration(identity: key, agentVersion: "styx-benchmarks")
        for address in addresses {
            guard let peer = address.peer, let transport = address.transport else { throw BenchmarkError("no address") }
            configuration.peers[peer] = [transport]
        }
        remotes = addresses.compactMap(\.peer)
        hosts = (0..<configuration.limits.connectionsPerPeerMax).map { [configuration] _ in
            Libp2p.Host(configuration, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    /// - Parameter slots: whose duties it names.
    /// - Returns: a flood for each node and connection, not started.
    func floods(_ attack: Attack, _ slots: Range<UInt64>) throws -> [Flooding] {
        let messages = try (0..<attack.kinds).map { number in
            Host.delimited(try message(attack, number, Slot(slots.lowerBound + UInt64(number) % UInt64(slots.count))))
        }
        return hosts.prefix(attack == .huge ? hosts.count : 1).flatMap { host in
            remotes.map { remote in
                Flooding(attack.underWay, host, remote, protocolID: attack.protocolID) { number in
                    messages[Int(number) % messages.count]
                }
            }
        }
    }

    private func message(_ attack: Attack, _ number: Int, _ slot: Slot) throws -> [UInt8] {
        let duty = Duty.attester(slot: slot)
        switch attack {
        case .repeats: return try encoded(vote(duty, round: 1, nil))
        case .badSignatures:
            var wrong = vote(duty, round: 1, nil)
            wrong.message.round = Int64(number) + 2
            return try encoded(wrong)
        case .junk, .huge:
            // An unknown field behind a good vote.
            let count = attack == .junk ? 60_000 : 15 << 20
            var head = ByteBuffer()
            head.writeBytes([0x7a])
            UVarint.write(UInt64(count), into: &head)
            let body = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
            return try encoded(vote(duty, round: 1, nil)) + Array(head.readableBytesView) + body
        case .earlyValues: return try encoded(vote(duty, round: 1 + Int64(number % 3), value(slot, number)))
        case .junkJustifications:
            var carrier = vote(duty, round: 2, value(slot, number))
            let other = vote(duty, round: 1, value(slot, number + 1000))
            carrier.message.justification = [other.message]
            carrier.values.merge(other.values) { first, _ in first }
            carrier.message = ConsensusCodec.seal(duty, carrier.message, with: key)
            return try encoded(carrier)
        case .undueShares: return ParSigExCodec.encode(duty, try shares(slot, number))
        case .largeAggregates:
            return ParSigExCodec.encode(Duty(slot: slot, type: .aggregator), try aggregates(slot, number))
        }
    }

    private func encoded(_ message: ConsensusMessage) throws -> [UInt8] { try ConsensusCodec.encode(message) }

    private func vote(_ duty: Duty, round: Int64, _ value: UnsignedDataSet?) -> ConsensusMessage {
        let hash = value.map { $0.valueHash() } ?? .zero
        let vote = QBFT.Message(.prepare, round: round, source: own.rawValue, value: hash)
        return ConsensusMessage(
            duty: duty, message: ConsensusCodec.seal(duty, vote, with: key),
            values: value.map { [hash: .duties($0)] } ?? [:])
    }

    /// Rows of all validators, as if all attested in this slot.
    private func rows(_ slot: Slot, _ number: Int) -> [(AttestationData, AttesterDuty)] {
        let epoch = chain.clock.epoch(of: slot)
        var data = AttestationData()
        data.slot = slot
        data.beaconBlockRoot = SHA256.hash(Array("junk \(number)".utf8))
        data.target.epoch = epoch
        data.source.epoch = Epoch(epoch.rawValue - min(1, epoch.rawValue))
        let all = Set(chain.options.pubKeys.indices.map { ValidatorIndex(UInt64($0)) })
        return chain.attesterDuties(epoch, all).map { row in
            var row = row
            row.slot = slot
            return (data, row)
        }
    }

    private func value(_ slot: Slot, _ number: Int) -> UnsignedDataSet {
        Dictionary(uniqueKeysWithValues: rows(slot, number).map { ($0.1.pubKey, UnsignedData.attester($0.0, $0.1)) })
    }

    private func aggregates(_ slot: Slot, _ number: Int) throws -> ParSignedDataSet {
        let count = Preset.mainnet.maxValidatorsPerCommittee * Preset.mainnet.maxCommitteesPerSlot
        var set: ParSignedDataSet = [:]
        for (data, row) in rows(slot, number).prefix(64) {
            let attestation = AttestationElectra(
                aggregationBits: Bitlist(count: count, setting: [number]), data: data, signature: .zero,
                committeeBits: Bitvector(count: Preset.mainnet.maxCommitteesPerSlot, setting: [0]))
            let object = VersionedAggregateAndProof(
                aggregatorIndex: row.validatorIndex,
                aggregate: try VersionedAttestation(fork: .fulu, form: .electra(attestation)), selectionProof: .zero)
            let signed = SignedData.aggregateAndProof(object).with(signature: SignatureBytes(padding: [0x80]))
            set[EntryKey(row.pubKey)] = ParSignedData(data: signed, shareIndex: ShareIndex(own))
        }
        return set
    }

    private func shares(_ slot: Slot, _ number: Int) throws -> ParSignedDataSet {
        var set: ParSignedDataSet = [:]
        for (data, row) in rows(slot, number) {
            guard let attestation = VersionedAttestation(fork: .fulu, data: data, duty: row) else {
                throw BenchmarkError("an attestation does not fit its fork")
            }
            // A point of the curve's group it need not be: who looks has paid.
            var signature = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 96)
            signature[0] = 0x80
            guard let bytes = SignatureBytes(signature) else { throw BenchmarkError("no signature") }
            set[EntryKey(row.pubKey)] = ParSignedData(
                data: SignedData.attestation(attestation).with(signature: bytes), shareIndex: ShareIndex(own))
        }
        return set
    }
}
