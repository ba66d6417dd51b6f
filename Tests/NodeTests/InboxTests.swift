import DutyWorkflow
import Ethereum
import Testing

@testable import Node

@Suite("Inbox")
struct InboxTests {
    @Test("peers' events are bounded and counted, our own always fit")
    func bounded() async {
        let inbox = Inbox()
        var taken = 0
        for _ in 0..<10_000 where inbox.post(.wake, fromPeer: true) { taken += 1 }
        #expect(taken == 8192)
        #expect(inbox.dropped == 10_000 - 8192)
        #expect(inbox.post(.wake))
        #expect(await inbox.next().count == 8193)
        #expect(inbox.post(.wake, fromPeer: true))
    }

    @Test("a waiting reader gets what comes, and nothing after the end")
    func waits() async {
        let inbox = Inbox()
        async let first = inbox.next()
        inbox.post(.cancel(Ticket(1)))
        #expect(await first.count == 1)
        async let last = inbox.next()
        inbox.close()
        #expect(await last.isEmpty)
        #expect(!inbox.post(.wake))
    }
}
