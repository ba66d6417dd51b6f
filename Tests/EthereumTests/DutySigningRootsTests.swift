import Ethereum
import SSZ
import TestSupport
import Testing

/// The specification's signing roots: two networks, Capella to Fulu, all duties.
@Suite(.enabled(if: Vectors.has("core/signing"), "needs the shared vectors"))
struct DutySigningRootsTests {
    @Test func agreeWithTheSpecification() throws {
        let cases = try #require(Vectors.json("core/signing/duty_signing_roots.json").array)
        var duties: Set<String> = []
        for testCase in cases {
            let signing = try SigningCase(testCase)
            #expect(try signing.root().hex == testCase["signing_root"]?.string, "\(signing)")
            duties.insert(signing.duty)
        }
        #expect(cases.count == 60)
        #expect(duties.count == 10)
    }

    @Test func domainsAgree() throws {
        for testCase in try #require(Vectors.json("core/signing/duty_signing_roots.json").array) {
            let type = try #require(
                DomainType.allCases.first { $0.bytes.hex == testCase["domain_type"]?.string })
            let domain = computeDomain(
                type, version: try ForkVersion(hex: testCase["fork_version"]?.string ?? ""),
                genesisValidatorsRoot: try Root(hex: testCase["genesis_validators_root"]?.string ?? ""))
            #expect(domain.hex == testCase["domain"]?.string)
        }
    }

    @Test func aggregatorsAgree() throws {
        let spec = try ChainSpec(forks: ForkSchedule([.init(fork: .phase0, version: .zero, epoch: .zero)]))
        let cases = try #require(Vectors.json("core/signing/aggregator_selection.json").array)
        #expect(!cases.isEmpty)
        for testCase in cases {
            let proof = try SignatureBytes(hex: testCase["selection_proof"]?.string ?? "")
            for member in try #require(testCase["committee"]?.object).members {
                let length = try #require(UInt64(decimal: member.name))
                let selected = AggregatorSelection.isAggregator(
                    committeeLength: length, selectionProof: proof, spec: spec)
                #expect(selected == member.value.bool)
            }
            let selected = AggregatorSelection.isSyncAggregator(selectionProof: proof, spec: spec)
            #expect(selected == testCase["sync_committee"]?.bool)
        }
    }

    @Test func publishedAggregatorsAgree() throws {
        let spec = try ChainSpec(forks: ForkSchedule([.init(fork: .phase0, version: .zero, epoch: .zero)]))
        let known = try Vectors.json("core/signing/aggregator_known.json")
        for testCase in try #require(known["attestation"]?.array) {
            let selected = AggregatorSelection.isAggregator(
                committeeLength: try #require(testCase["committee_length"]?.integer),
                selectionProof: try SignatureBytes(hex: testCase["selection_proof"]?.string ?? ""), spec: spec)
            #expect(selected == testCase["is_aggregator"]?.bool)
        }
        for testCase in try #require(known["sync"]?.array) {
            let selected = AggregatorSelection.isSyncAggregator(
                selectionProof: try SignatureBytes(hex: testCase["selection_proof"]?.string ?? ""), spec: spec)
            #expect(selected == testCase["is_sync_aggregator"]?.bool)
        }
    }
}
