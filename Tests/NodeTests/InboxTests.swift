import DutyWorkflow
import Ethereum
import Testing

@testable import Node

@Suite("Inbox")
struct InboxTests {
    @Test("a deliverer waits until its event is taken; all of a turn go on at once")
    func delivery() async {
        let inbox = Inbox()
        let (over, sink) = AsyncStream.makeStream(of: Int.self)
        await withDiscardingTaskGroup { group in
            for number in 0..<3 {
                group.addTask {
                    await inbox.deliver(.cancel(Ticket(UInt64(number))))
                    sink.yield(number)
                }
            }
            var taken = 0
            while taken < 3 { taken += await inbox.next().count }
            var seen: Set<Int> = []
            for await number in over where seen.insert(number).inserted && seen.count == 3 { break }
            #expect(taken == 3)
        }
    }

    @Test("cancelling or closing ends a wait, and the event of a cancelled one stays", arguments: [true, false])
    func deliveryEnds(cancels: Bool) async {
        let inbox = Inbox()
        let delivering = Task { await inbox.deliver(.wake) }
        if cancels { delivering.cancel() } else { inbox.close() }
        await delivering.value
        if cancels { #expect(await inbox.next().count == 1) }
        inbox.close()
        await inbox.deliver(.wake)
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
        inbox.post(.wake)
        #expect(await inbox.next().isEmpty)
    }
}
