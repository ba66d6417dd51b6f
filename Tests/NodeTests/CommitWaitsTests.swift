import DutyWorkflow
import Ethereum
import Testing

@testable import Node

@Suite("CommitWaits")
struct CommitWaitsTests {
    private let first = Duty.attester(slot: Slot(5))
    private let second = Duty(slot: Slot(5), type: .aggregator)

    private func record(_ duty: Duty) -> Effect { .persist(.unsigned(duty, [:])) }
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: 0) + .milliseconds(milliseconds) }

    @Test("a duty waits from its first record of a commit until that is durable, also while another is under way")
    func waits() {
        let waits = CommitWaits()
        waits.add([record(first), record(first)], at: at(0))
        waits.add([record(first)], at: at(1))
        waits.begin()
        waits.add([record(second)], at: at(2))
        waits.end(at: at(5))
        #expect(waits.total(first) == .milliseconds(5))
        #expect(waits.total(second) == .zero, "its commit has not begun")
        waits.begin()
        waits.end(at: at(9))
        #expect(waits.total(second) == .milliseconds(7))
        #expect(waits.total(first) == .milliseconds(5))
        waits.add([record(first)], at: at(20))
        waits.begin()
        waits.end(at: at(23))
        #expect(waits.total(first) == .milliseconds(8), "commits add up")
    }

    @Test("notes are waited for by nothing; a duty that is over is forgotten; a clock that steps back adds nothing")
    func edges() {
        let waits = CommitWaits()
        waits.add([.note(.broadcast(first, []))], at: at(0))
        waits.begin()
        waits.end(at: at(4))
        #expect(waits.total(first) == .zero)
        waits.add([record(first)], at: at(10))
        waits.begin()
        waits.end(at: at(7))
        #expect(waits.total(first) == .zero)
        waits.add([record(second)], at: at(20))
        waits.begin()
        waits.end(at: at(21))
        waits.add([.note(.expired(second))], at: at(30))
        #expect(waits.total(second) == .zero)
    }

    @Test("duties without an end are bounded: the oldest goes")
    func bounded() {
        let waits = CommitWaits()
        for slot in 0..<UInt64(5000) {
            waits.add([record(.attester(slot: Slot(slot)))], at: at(0))
            waits.begin()
            waits.end(at: at(1))
        }
        #expect(waits.total(.attester(slot: .zero)) == .zero)
        #expect(waits.total(.attester(slot: Slot(4999))) == .milliseconds(1))
    }
}
