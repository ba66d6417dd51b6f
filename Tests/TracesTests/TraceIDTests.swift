import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Traces

@Suite("TraceID")
struct TraceIDTests {
    /// Source: the reference values of draft-eastlake-fnv.
    @Test(
        "FNV-1a, 128 bits",
        arguments: [
            ("", "6c62272e07bb014262b821756295c58d"), ("a", "d228cb696f1a8caf78912b704e4a8964"),
            ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
        ])
    func reference(text: String, hash: String) {
        var fnv = FNV1a()
        fnv.add(text.utf8)
        #expect(Self.hex(TraceID(rawValue: fnv.value).bytes) == hash)
    }

    /// Computed by another program, over the bytes 0 to 31 and the duty's text.
    @Test(
        "a duty's trace, as every node of the cluster has it",
        arguments: [
            (Duty.attester(slot: 123), "fb57f5a0ad346fc388d07b8959120322"),
            (Duty(slot: 0, type: .proposer), "f607271d224c3f4d366dabbb47cd2b00"),
            (Duty(slot: Slot(UInt64.max), type: .prepareSyncContribution), "d6ac8dbfdbcb2b1d12b951e28770532d"),
        ])
    func duty(duty: Duty, id: String) {
        let lockHash = Root(padding: [UInt8](0..<32))
        #expect(Self.hex(TraceID(duty, lockHash: lockHash).bytes) == id)
    }

    @Test("zero means none on the wire: neither is ever zero")
    func zero() {
        #expect(TraceID(rawValue: 0).bytes.contains(1) && SpanID(rawValue: 0).bytes == [0, 0, 0, 0, 0, 0, 0, 1])
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
