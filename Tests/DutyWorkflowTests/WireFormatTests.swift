import Ethereum
import SSZ
import TestSupport
import Testing

@testable import DutyWorkflow

private let goldens = "core/charon-core"

@Suite("wire formats of consensus values and signed objects")
struct WireFormatTests {
    @Test("a block has its own chain's root, also where its limits are not mainnet's, read from SSZ and from JSON")
    func presets() throws {
        let (proposal, right, mainnet) = (
            GnosisBlock.proposal(slot: 9), GnosisBlock.root(slot: 9), GnosisBlock.root(slot: 9, depth: 4)
        )
        #expect(proposal.messageRoot == right && right != mainnet)
        let value = UnsignedData.proposal(proposal)
        #expect(try UnsignedData(wire: value.wireBytes(), type: .proposer, preset: GnosisBlock.preset) == value)
        let json = JSONValue.object(
            JSONObject([
                ("version", .number("3")), ("block", proposal.json), ("blinded", .bool(false)),
            ]))
        #expect(try UnsignedData(wire: json.bytes(), type: .proposer, preset: GnosisBlock.preset) == value)
        let signed = SignedData.proposal(proposal.signed(with: SignatureBytes(padding: [5])))
        let read = try SignedData(wire: signed.wireBytes(), type: .proposer, preset: GnosisBlock.preset)
        #expect(read == signed && read.messageRoot == right)
        #expect(try SignedData(wire: signed.wireBytes(), type: .proposer).messageRoot == mainnet)
        // More withdrawals than the chain allows, though mainnet would take them.
        let many = UnsignedData.proposal(GnosisBlock.proposal(slot: 9, withdrawals: 9, preset: .mainnet))
        #expect(throws: Never.self) { try UnsignedData(wire: many.wireBytes(), type: .proposer) }
        #expect(throws: WireError.self) {
            try UnsignedData(wire: many.wireBytes(), type: .proposer, preset: GnosisBlock.preset)
        }
    }

    @Test("Charon's attester value: SSZ and JSON are one value", .enabled(if: Vectors.has(goldens)))
    func attesterValue() throws {
        let ssz = try Vectors.data("\(goldens)/AttestationData.ssz")
        let json = try Vectors.data("\(goldens)/AttestationData.json")
        let value = try UnsignedData(wire: ssz, type: .attester)
        #expect(ssz.count == 232 && value.wireBytes() == ssz)
        #expect(try UnsignedData(wire: json, type: .attester) == value)
        let roots = try Vectors.json("\(goldens)/message_roots.json").member("AttestationData")
        guard case .attester(let data, let duty) = value else { return }
        #expect(roots["data_root"]?.string == data.hashTreeRoot().hex)
        #expect(roots["header_hex"]?.string == Hex.encode(ssz.prefix(8)))
        #expect(data.sszBytes() + duty.sszBytes() == Array(ssz.dropFirst(8)))
        // Computed from the file by an independent script (Python, hashlib): 338 bytes of protobuf, 11 chunks.
        let set: UnsignedDataSet = [duty.pubKey: value]
        #expect(set.canonicalBytes().count == 338)
        #expect(set.valueHash().hex == "0xf5fe2510ac9d1bd41e7a420d7d536aedcff0ae4b57998543c00801cc2fe17d6b")
    }

    @Test("Charon's attestation: SSZ and JSON are one object", .enabled(if: Vectors.has(goldens)))
    func attestation() throws {
        let ssz = try Vectors.data("\(goldens)/VersionedAttestation.ssz")
        let json = try Vectors.data("\(goldens)/VersionedAttestation.json")
        let signed = try SignedData(wire: ssz, type: .attester)
        #expect(signed.wireBytes() == ssz)
        #expect(try SignedData(wire: json, type: .attester) == signed)
        let roots = try Vectors.json("\(goldens)/message_roots.json").member("VersionedAttestation")
        #expect(roots["header_hex"]?.string == Hex.encode(ssz.prefix(20)))
        #expect(roots["data_root"]?.string == signed.messageRoot.hex)
        guard case .attestation(let attestation) = signed, case .electra(let object) = attestation.form else {
            Issue.record("a fulu attestation")
            return
        }
        #expect(attestation.fork == .fulu && attestation.validatorIndex == 15)
        #expect(roots["attestation_root"]?.string == object.hashTreeRoot().hex)
    }

    /// What each other golden is: of which duty, and whether it is signed or decided.
    private static let objects: [(name: String, type: DutyType, isSigned: Bool)] = [
        ("BeaconCommitteeSelection", .prepareAggregator, true), ("SignedRandao", .randao, true),
        ("SignedSyncContributionAndProof", .syncContribution, true), ("SignedSyncMessage", .syncMessage, true),
        ("SignedVoluntaryExit", .exit, true), ("SyncContribution", .syncContribution, false),
        ("VersionedProposal", .proposer, false), ("VersionedSignedAggregateAndProof", .aggregator, true),
        ("VersionedSignedProposal", .proposer, true),
    ]

    @Test(
        "Charon's other objects: SSZ and JSON are one object, written as Charon does",
        .enabled(if: Vectors.has(goldens)),
        arguments: objects)
    func object(name: String, type: DutyType, isSigned: Bool) throws {
        func check<Object: Equatable>(_ read: ([UInt8]) throws -> Object, _ write: (Object) -> [UInt8]) throws {
            let json = try Vectors.data("\(goldens)/\(name).json")
            let object = try read(json)
            guard Vectors.has("\(goldens)/\(name).ssz") else {
                #expect(try JSONValue(parsing: write(object)) == JSONValue(parsing: json))
                return
            }
            let ssz = try Vectors.data("\(goldens)/\(name).ssz")
            #expect(write(object) == ssz)
            #expect(try read(ssz) == object)
        }
        if isSigned {
            try check({ try SignedData(wire: $0, type: type) }, { $0.wireBytes() })
        } else {
            try check({ try UnsignedData(wire: $0, type: type) }, { $0.wireBytes() })
        }
    }

    @Test(
        "no golden is left out but the bare signature, whose duty is none of a node's",
        .enabled(if: Vectors.has(goldens)))
    func inventory() throws {
        let names = Vectors.files(in: goldens, withExtension: "json").map { path in
            String(path.dropFirst(goldens.count + 1).dropLast(".json".count))
        }
        let known =
            Self.objects.map(\.name) + ["AttestationData", "VersionedAttestation", "message_roots", "Signature"]
        #expect(Set(names) == Set(known))
        #expect(throws: WireError.unsupportedDuty(.signature)) {
            try SignedData(wire: Vectors.data("\(goldens)/Signature.json"), type: .signature)
        }
    }

    private func attestation(fork: ForkName, index: ValidatorIndex?) throws -> SignedData {
        var data = AttestationData()
        data.slot = 21
        let form: VersionedAttestation.Form =
            fork >= .electra
            ? .electra(
                AttestationElectra(
                    aggregationBits: Bitlist(), data: data, signature: SignatureBytes(padding: [1]),
                    committeeBits: Bitvector(count: 64, setting: [3])))
            : .phase0(
                AttestationPhase0(aggregationBits: Bitlist(), data: data, signature: SignatureBytes(padding: [1])))
        return .attestation(try VersionedAttestation(fork: fork, form: form, validatorIndex: index))
    }

    @Test("attestations of every fork, with and without validator index", arguments: ForkName.allCases)
    func forks(fork: ForkName) throws {
        let signed = try attestation(fork: fork, index: 5)
        let bytes = signed.wireBytes()
        #expect(bytes.prefix(20) == [UInt8(fork.rawValue), 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0])
        #expect(try SignedData(wire: bytes, type: .attester) == signed)
        for length in bytes.indices {
            #expect(throws: WireError.self) { try SignedData(wire: Array(bytes.prefix(length)), type: .attester) }
        }
    }

    /// Bytes 16 to 19 tell the two headers apart; without an index they are the low half of the slot, so slot 20 is
    /// misread, as by Charon. Partial signatures always carry the index.
    @Test("the header without validator index", arguments: [ForkName.phase0, .deneb])
    func withoutIndex(fork: ForkName) throws {
        let signed = try attestation(fork: fork, index: nil)
        let bytes = signed.wireBytes()
        #expect(bytes.prefix(12) == [UInt8(fork.rawValue), 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0])
        #expect(try SignedData(wire: bytes, type: .attester) == signed)
    }

    @Test("versions beyond fulu are refused", arguments: [UInt8(7), 255])
    func unknownFork(version: UInt8) throws {
        var bytes = try attestation(fork: .fulu, index: 1).wireBytes()
        bytes[0] = version
        #expect(throws: WireError.malformed("attestation version \(version)")) {
            try SignedData(wire: bytes, type: .attester)
        }
        bytes[7] = 0x80
        #expect(throws: WireError.self) { try SignedData(wire: bytes, type: .attester) }
    }

    @Test("an attester value with wrong offsets or length is refused")
    func valueOffsets() throws {
        let good = UnsignedData.attester(AttestationData(), AttesterDuty()).wireBytes()
        for length in 0..<232 {
            #expect(throws: WireError.self) { try UnsignedData(wire: Array(good.prefix(length)), type: .attester) }
        }
        #expect(throws: WireError.self) { try UnsignedData(wire: good + [0], type: .attester) }
        for (position, byte) in [(0, 7), (0, 9), (3, 255), (4, 135), (4, 137), (7, 255)] as [(Int, UInt8)] {
            var bytes = good
            bytes[position] = byte
            #expect(throws: WireError.self) { try UnsignedData(wire: bytes, type: .attester) }
        }
    }

    @Test("every duty type is decoded or refused by name", arguments: DutyType.allCases)
    func dutyTypes(type: DutyType) {
        func error(_ isCarried: Bool, _ decode: () throws -> Void) {
            do {
                try decode()
                Issue.record("nothing is no value")
            } catch let error as WireError {
                switch error {
                case .malformed: #expect(isCarried)
                case .unsupportedDuty(let named): #expect(!isCarried && named == type)
                case .deprecatedDuty(let named): #expect(named == .builderProposer && type == named)
                case .unknownDutyType: Issue.record("\(error)")
                }
            } catch {
                Issue.record("\(error)")
            }
        }
        error([.proposer, .attester, .aggregator, .syncContribution].contains(type)) {
            _ = try UnsignedData(wire: [], type: type)
        }
        error(![.signature, .builderProposer, .infoSync].contains(type)) { _ = try SignedData(wire: [], type: type) }
    }

    @Test("JSON is accepted with white space, refused with anything behind it", .enabled(if: Vectors.has(goldens)))
    func json() throws {
        let json = try Vectors.data("\(goldens)/VersionedAttestation.json")
        #expect(
            try SignedData(wire: Array("\n\t ".utf8) + json + Array(" \r\n".utf8), type: .attester).dutyType
                == .attester)
        for bad in [json + [0x7d], Array(json.dropLast(2)), Array("{}".utf8), Array("{".utf8), Array("[]".utf8)] {
            #expect(throws: WireError.self) { try SignedData(wire: bad, type: .attester) }
            #expect(throws: WireError.self) { try UnsignedData(wire: bad, type: .attester) }
        }
    }

    /// Those that JSON begins with, after white space or without, are among them: 123 is `{`, 91 is `[`.
    private static let beginnings: [UInt64] =
        Array(0...255) + [0x7b20, 0x7b09, 0x7b0a, 0x7b0d, 0x5b20, 0x7b_2020, 0x5b_0a0d, 0x227b, 0x7d7b, 0x5d5b]

    @Test("objects that begin with a slot or an index are read whatever its bytes are", arguments: beginnings)
    func anyBeginning(number: UInt64) throws {
        var message = SyncCommitteeMessage()
        message.slot = Slot(number)
        var contribution = SyncCommitteeContribution()
        contribution.slot = Slot(number)
        contribution.aggregationBits = Bitvector(count: Preset.mainnet.syncSubcommitteeSize, setting: [3])
        var proof = SignedContributionAndProof()
        proof.message.contribution = contribution
        proof.message.aggregatorIndex = ValidatorIndex(number)
        for signed in [SignedData.syncMessage(message), .contributionAndProof(proof)] {
            #expect(try SignedData(wire: signed.wireBytes(), type: signed.dutyType) == signed)
        }
        for value in [UnsignedData.contributions(Contributions(contribution))]
            + (Contributions(list: [contribution]).map { [.contributions($0)] } ?? [])
        {
            #expect(try UnsignedData(wire: value.wireBytes(), type: .syncContribution) == value)
        }
        // As JSON, as Charon may read it.
        #expect(try SignedData(wire: message.json().bytes(), type: .syncMessage) == .syncMessage(message))
        #expect(
            try UnsignedData(wire: contribution.json().bytes(), type: .syncContribution)
                == .contributions(Contributions(contribution)))
    }

    @Test("random bytes never trap", arguments: 0..<50 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let signed = try attestation(fork: .electra, index: 5).wireBytes()
        let value = UnsignedData.attester(AttestationData(), AttesterDuty()).wireBytes()
        for _ in 0..<100 {
            for good in [signed, value, random.bytes(Int.random(in: 0...300, using: &random))] where !good.isEmpty {
                var bytes = good
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: .min ... .max, using: &random)
                if let decoded = try? SignedData(wire: bytes, type: .attester) {
                    #expect(try SignedData(wire: decoded.wireBytes(), type: .attester) == decoded)
                }
                if let decoded = try? UnsignedData(wire: bytes, type: .attester) {
                    #expect(decoded.wireBytes() == bytes)
                }
            }
        }
    }
}

@Suite("consensus hash root")
struct HashRootTests {
    @Test("up to 32 bytes are their own root, padded", arguments: [0, 1, 31, 32])
    func short(count: Int) {
        let bytes = [UInt8](repeating: 7, count: count)
        #expect(consensusHashRoot(bytes) == Root(padding: bytes))
    }

    /// A second way to the same root: pad with zero chunks to a power of two, then hash a full tree.
    @Test("missing siblings are zero subtrees, no length is mixed in", arguments: 33...400)
    func tree(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 1) }
        var width = 1
        while width * 32 < count { width *= 2 }
        let padded = bytes + [UInt8](repeating: 0, count: width * 32 - count)
        func root(_ slice: ArraySlice<UInt8>) -> Root {
            guard slice.count > 32 else { return Root(padding: slice) }
            let middle = slice.startIndex + slice.count / 2
            return SHA256.hash(root(slice[..<middle]), root(slice[middle...]))
        }
        #expect(consensusHashRoot(bytes) == root(padded[...]))
    }

    /// Source: consensus.md §3.4 (distributed-validator-specs, `qbft_hashing.json`).
    @Test("the published root of the smallest pre-prepare")
    func published() throws {
        let zeros = String(repeating: "00", count: 32)
        let bytes = try Hex.decode("0801120020015a20\(zeros)6220\(zeros)", bytesMax: 100)
        #expect(consensusHashRoot(bytes).hex == "0x417852e798733e681d912c22e03b6c1fb1ce5d7977a4d6ed0b27ebf080aa9888")
    }
}

@Suite("canonical value sets")
struct CanonicalSetTests {
    @Test("keys ascend, whatever order they were inserted in", arguments: 0..<50 as Range<UInt64>)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let keys = (0..<Int.random(in: 2...12, using: &random)).map { _ in PubKey(padding: random.bytes(48)) }
        func set(_ keys: [PubKey]) -> UnsignedDataSet {
            var set: UnsignedDataSet = [:]
            for key in keys {
                var duty = AttesterDuty()
                duty.pubKey = key
                set[key] = .attester(AttestationData(), duty)
            }
            return set
        }
        let bytes = set(keys).canonicalBytes()
        #expect(set(keys.shuffled(using: &random)).canonicalBytes() == bytes)
        let positions = keys.sorted { $0.hex < $1.hex }.map { key in
            bytes.firstRange(of: Array(key.hex.utf8))?.lowerBound ?? -1
        }
        #expect(positions == positions.sorted() && positions.allSatisfy { $0 > 0 })
    }
}
