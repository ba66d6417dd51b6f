import Synchronization
import TestSupport
import Testing

@testable import Monitoring

@Suite("a page that costs something")
struct CachedPageTests {
    @Test("is made once in a while, however many ask")
    func kept() async {
        let clock = Mutex(ContinuousClock.now)
        let made = Mutex(0)
        let page = CachedPage(keptFor: .seconds(1), now: { clock.withLock { $0 } }) {
            made.withLock { $0 += 1 }
            return Page(text: "\(made.withLock { $0 })")
        }
        for _ in 0..<5 { #expect(await page.page().body == "1") }
        clock.withLock { $0 += .milliseconds(1001) }
        for _ in 0..<5 { #expect(await page.page().body == "2") }
    }

    @Test("who asks while it is made gets the one before")
    func stale() async {
        let clock = Mutex(ContinuousClock.now)
        let made = Mutex(0)
        let (asked, gate) = (Gate(), Gate())
        let page = CachedPage(keptFor: .seconds(1), now: { clock.withLock { $0 } }) {
            made.withLock { $0 += 1 }
            let number = made.withLock { $0 }
            if number == 2 {
                asked.open()
                await gate.wait()
            }
            return Page(text: "\(number)")
        }
        #expect(await page.page().body == "1")
        clock.withLock { $0 += .seconds(2) }
        async let second = page.page()
        await asked.wait()
        #expect(await page.page().body == "1")
        gate.open()
        #expect(await second.body == "2")
    }
}
