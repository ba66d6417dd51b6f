import Ethereum
import Testing

@testable import DutyWorkflow

/// What the table says of each type that other places used to say for themselves.
@Suite("Duty rules")
struct DutyRulesTests {
    @Test("what the cluster signs for its own use selects validators or ends in its own store")
    func ownUse() {
        let selections: [(DutyType, DutyType)] = [
            (.prepareAggregator, .aggregator), (.prepareSyncContribution, .syncContribution),
            (.syncMessage, .syncContribution),
        ]
        for type in DutyType.allCases {
            let duty = Duty(slot: 40, type: type)
            let selected = selections.first { $0.0 == type }.map { Duty(slot: 40, type: $0.1) }
            #expect(duty.selected == selected, "\(type)")
            #expect(type.lastStep == (type.rules.isBroadcast ? .broadcast : .aggSigDB), "\(type)")
        }
        let own: [DutyType] = [.randao, .prepareAggregator, .prepareSyncContribution]
        #expect(own.allSatisfy { $0.lastStep == .aggSigDB })
        let told: [DutyType] = [.proposer, .attester, .exit, .builderRegistration, .aggregator, .syncMessage]
        #expect((told + [.syncContribution]).allSatisfy { $0.lastStep == .broadcast })
    }

    @Test("what is decided is fetched; of the rest only sync messages are")
    func fetched() {
        let alone = DutyType.allCases.filter { $0.rules.isFetchedAlone }
        #expect(alone == [.syncMessage])
        #expect(alone.allSatisfy { !$0.rules.isDecided })
        let decided = DutyType.allCases.filter { $0.rules.isDecided }
        #expect(decided == [.proposer, .attester, .aggregator, .syncContribution, .infoSync])
    }

    @Test("every type is decoded or refused by name", arguments: DutyType.allCases)
    func wire(type: DutyType) {
        func refusal(_ decode: () throws(WireError) -> Void) -> WireError? {
            do throws(WireError) {
                try decode()
                return nil
            } catch { return error }
        }
        let signed = refusal { () throws(WireError) in _ = try SignedData(wire: [], type: type) }
        let unsigned = refusal { () throws(WireError) in _ = try UnsignedData(wire: [], type: type) }
        let named: [WireError] = [.unsupportedDuty(type), .deprecatedDuty(type)]
        #expect(signed.map { named.contains($0) } == [.signature, .infoSync, .builderProposer].contains(type))
        #expect(unsigned.map { named.contains($0) } != (type.rules.isDecided && type != .infoSync))
    }
}
