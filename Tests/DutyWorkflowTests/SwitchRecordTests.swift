import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Four operators switch at epoch 5, whose first slot is 160.
@Suite("what a planned switch allows")
struct SwitchRecordTests {
    private func plan(epoch: UInt64 = 5) throws -> SwitchPlan {
        func side(_ lock: UInt8) -> SwitchPlan.Side {
            SwitchPlan.Side(lock: Fixture.root(lock), peerIDs: (0..<4).map { "peer-\($0)" }, threshold: 3)
        }
        return try SwitchPlan(old: side(1), new: side(2), epoch: Epoch(epoch), slotsPerEpoch: 32)
    }

    @Test("in no stage do both sets sign in one duty, and what one stage forbids only a called-off switch allows again")
    func disjoint() throws {
        let plan = try plan()
        for slot in [UInt64(0), 126, 127, 128, 159, 160, 161, 1000] {
            for type in DutyType.allCases where type.rules.span != .endless {
                let duty = Duty(slot: Slot(slot), type: type)
                let isNew = SwitchRecord(plan, .entered).refusal(of: duty) == nil
                #expect(isNew == (slot >= 160))
                for stage in SwitchStage.allCases where stage != .calledOff && stage != .entered {
                    let isOld = SwitchRecord(plan, stage).refusal(of: duty) == nil
                    #expect(!(isOld && isNew), "\(stage) \(duty)")
                    #expect(
                        isOld == (slot < 160 && !(stage.isUndecided && duty == plan.decidingDuty)), "\(stage) \(duty)")
                }
                #expect(SwitchRecord(plan, .calledOff).refusal(of: duty) == nil)
            }
        }
        for type in [DutyType.exit, .builderRegistration] {
            let allowed = SwitchStage.allCases.filter {
                SwitchRecord(plan, $0).refusal(of: Duty(slot: 0, type: type)) == nil
            }
            #expect(allowed == [.noted, .announced, .declined, .committed, .divided, .calledOff, .entered])
        }
    }

    @Test("stages follow one another as drawn, twice is once, and no end takes another's place")
    func order() throws {
        let plan = try plan()
        let next: [SwitchStage: Set<SwitchStage>] = [
            .noted: [.announced, .declined, .committed, .open, .calledOff, .confirmed],
            .announced: [.declined, .committed, .open, .calledOff, .confirmed],
            .declined: [.divided, .open, .calledOff, .confirmed],
            .committed: [.divided, .locked, .calledOff, .confirmed], .divided: [.torn, .calledOff, .confirmed],
            .open: [.calledOff, .confirmed], .locked: [.calledOff, .confirmed], .torn: [.calledOff, .confirmed],
            .confirmed: [.entered],
        ]
        for old in SwitchStage.allCases {
            for new in SwitchStage.allCases {
                let (before, after) = (SwitchRecord(plan, old), SwitchRecord(plan, new))
                let found = try? after.replacing(before)
                if new == old || next[old]?.contains(new) == true {
                    #expect(found == after, "\(old) \(new)")
                } else {
                    #expect(found == nil || found == before, "\(old) \(new)")
                }
            }
        }
        let (off, on) = (SwitchRecord(plan, .calledOff), SwitchRecord(plan, .confirmed))
        #expect(throws: JournalConflict.self) { try off.replacing(on) }
        #expect(throws: JournalConflict.self) { try on.replacing(off) }
        #expect(throws: JournalConflict.self) {
            try SwitchRecord(plan, .open).replacing(SwitchRecord(plan, .committed))
        }
        let other = SwitchRecord(try self.plan(epoch: 9), .noted)
        for stage in SwitchStage.allCases {
            let taken = try? other.replacing(SwitchRecord(plan, stage))
            #expect((taken == other) == [.noted, .calledOff, .entered].contains(stage))
            let isDropped = (try? SwitchRecord.dropping(plan, from: SwitchRecord(plan, stage)) == nil) ?? false
            #expect(isDropped == (stage == .noted))
        }
    }
}
