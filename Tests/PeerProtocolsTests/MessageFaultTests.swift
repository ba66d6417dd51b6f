import DutyWorkflow
import PeerProtocols
import Testing

@Suite("why a message is dropped")
struct MessageFaultTests {
    @Test(
        "what is this node's matter, or nobody's, is harmless",
        arguments: [
            .notReady, .repeated, .dutyType(.unsupportedDuty(.infoSync)), .value(.unsupportedDuty(.infoSync)),
        ] as [MessageFault])
    func harmless(fault: MessageFault) { #expect(fault.isHarmless) }

    @Test(
        "what no honest peer sends is not",
        arguments: [
            .dutyType(.unknownDutyType(14)), .value(.malformed("x")), .flooding, .unknownSender, .notCanonical,
            .badSignature(PeerIndex(1)), .oversized(bytes: 2, limit: 1), .emptySet,
        ] as [MessageFault])
    func harmful(fault: MessageFault) { #expect(!fault.isHarmless) }
}
