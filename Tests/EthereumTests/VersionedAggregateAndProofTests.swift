import Ethereum
import SSZ
import Testing

struct VersionedAggregateAndProofTests {
    static let fixtures: [(fork: ForkName, ssz: [UInt8], json: JSONValue)] =
        ((try? ContainerFixture.all(in: "containers.json")) ?? [])
        .filter { $0.preset == .mainnet && $0.container.name.hasSuffix("/SignedAggregateAndProof") }
        .map { ($0.container.name.hasPrefix("phase0") ? .deneb : .fulu, $0.ssz, $0.json) }

    @Test func everyFormSurvives() throws {
        #expect(Self.fixtures.count == 4)
        for (fork, ssz, json) in Self.fixtures {
            let signed = try VersionedAggregateAndProof(fork: fork, objectBytes: ssz)
            #expect(signed.objectBytes() == ssz)
            #expect(signed.json() == json)
            #expect(try VersionedAggregateAndProof(fork: fork, json: json) == signed)
            let message = try json.member("message")
            #expect(signed.aggregatorIndex.description == message["aggregator_index"]?.string)
            #expect(signed.selectionProof.hex == message["selection_proof"]?.string)
            #expect(signed.signature.hex == json["signature"]?.string)
            #expect(signed.data.json() == message["aggregate"]?["data"])
            #expect(signed.slot == signed.data.slot)
            #expect(signed.aggregate.data == signed.data)
            #expect(signed.aggregate.fork == fork)
            let bits = try message.member("aggregate").member("aggregation_bits")
            #expect(Hex.encode(signed.aggregate.aggregationBits.sszBytes) == bits.string)
        }
    }

    @Test func theSignatureIsNotPartOfTheRoot() throws {
        for (fork, ssz, _) in Self.fixtures {
            let signed = try VersionedAggregateAndProof(fork: fork, objectBytes: ssz)
            var other = signed
            other.signature = SignatureBytes(padding: [1, 2, 3])
            #expect(other != signed)
            #expect(other.signature == SignatureBytes(padding: [1, 2, 3]))
            #expect(other.messageRoot() == signed.messageRoot())
            #expect(other.messageRoot() != other.data.hashTreeRoot())
        }
    }

    @Test func refusesTheWrongForm() throws {
        #expect(throws: AttestationError.form(fork: .electra)) {
            try VersionedAggregateAndProof(fork: .electra, form: .phase0(SignedAggregateAndProofPhase0()))
        }
        #expect(throws: AttestationError.form(fork: .deneb)) {
            try VersionedAggregateAndProof(fork: .deneb, form: .electra(SignedAggregateAndProofElectra()))
        }
        for (fork, ssz, _) in Self.fixtures {
            #expect(throws: SSZError.self) {
                try VersionedAggregateAndProof(fork: fork == .fulu ? .deneb : .fulu, objectBytes: ssz)
            }
        }
    }

    /// The signing root is over the message of the form, at the fork of the attestation's slot.
    @Test func signsTheMessage() throws {
        let domains = SigningDomains(
            forks: try ForkSchedule([.init(fork: .phase0, version: .zero, epoch: 0)]), genesisValidatorsRoot: .zero,
            exitVersion: .zero, slotsPerEpoch: 32, preset: .mainnet)
        for (fork, ssz, _) in Self.fixtures {
            let signed = try VersionedAggregateAndProof(fork: fork, objectBytes: ssz)
            let domain = domains.domain(.aggregateAndProof, at: domains.epoch(of: signed.slot))
            #expect(
                domains.aggregator(signed)
                    == computeSigningRoot(objectRoot: signed.messageRoot(), domain: domain))
        }
    }
}
