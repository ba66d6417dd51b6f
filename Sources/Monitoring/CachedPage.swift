import Synchronization

/// A page that costs something to make: however many ask, it is made about once in a while, one at a time.
package final class CachedPage: Sendable {
    private struct State {
        var page: Page?
        var madeAt: ContinuousClock.Instant?
        var isMaking = false
    }

    private let keptFor: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let make: Page.Maker
    private let state = Mutex(State())

    /// - Parameter keptFor: below the shortest interval between two scrapes that is usual.
    package init(
        keptFor: Duration = .seconds(1), now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        make: @escaping Page.Maker
    ) {
        self.keptFor = keptFor
        self.now = now
        self.make = make
    }

    /// Who asks while it is made gets the one before; only the first askers of all make their own.
    package func page() async -> Page {
        let kept: Page? = state.withLock { state in
            if let page = state.page, state.isMaking || state.madeAt.map({ now() - $0 < keptFor }) == true {
                return page
            }
            state.isMaking = true
            return nil
        }
        if let kept { return kept }
        let page = await make()
        state.withLock { state in
            state.page = page
            state.madeAt = now()
            state.isMaking = false
        }
        return page
    }
}
