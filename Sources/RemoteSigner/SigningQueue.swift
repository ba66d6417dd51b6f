import DutyWorkflow
import Ethereum
import Timing

/// Which remote signer is asked for which signature, and when. Sources: remote-signer.md §A.6, §C.3.
///
/// A key goes to the first signer that lists it, always the same, so that one slashing protection sees all of its
/// messages. When that signer is out of reach or breaks, the next one that lists the key is asked, and when none is left,
/// the job waits for the first to come back, until its deadline. Who refuses is not asked again, and nobody instead.
///
/// A signer that is out of reach is left alone for growing pauses; then one request finds out.
struct SigningQueue: Sendable {
    typealias ID = UInt64
    typealias Time = ContinuousClock.Instant

    private struct OpenJob {
        let job: Job
        var tried: Set<Int> = []
        var excluded: Set<Int> = []
        /// Only those that list the key may be asked: one of them had it no more.
        var mustBeListed = false
        var attempts = 0
        var failure: SigningFailure?
        var isAsked = false
    }

    private struct Outage {
        let since: Time
        let failure: SigningFailure
        var until: Time
        var failures = 1
        /// One request finds out whether it is over.
        var isProbed = false
    }

    private struct Signer {
        let name: String
        /// nil before it has told them.
        var keys: Set<PubShare>?
        var urgent = EventHeap<Int, ID>()
        var low = EventHeap<Int, ID>()
        var inFlight = 0
        var lowInFlight = 0
        var outage: Outage?
        var isListing = false
        var listAt: Time
        var listedAt: Time?
        var listFailures = 0
    }

    private struct Asked {
        let signer: Int
        let isLow: Bool
        let isProbe: Bool
        /// Its time was shorter than a request's: the deadline was near.
        let isCut: Bool
    }

    let bounds: Bounds
    /// Of a request.
    let timeout: Duration
    private var relistEvery: Duration
    /// Entries below which nothing is pruned.
    private static let pruneMin = 256
    private static let backoff = Backoff(base: .seconds(1), max: .seconds(10), jitter: 0)

    private var signers: [Signer]
    private var jobs: [ID: OpenJob] = [:]
    private var asked: [ID: Asked] = [:]
    private var deadlines = EventHeap<Time, ID>()
    private var paused = EventHeap<Time, ID>()
    private var lastID: ID = 0

    init(
        signers names: [String], timeout: Duration, relistEvery: Duration = .seconds(384), bounds: Bounds = Bounds(),
        at now: Time
    ) {
        signers = names.map { Signer(name: $0, listAt: now) }
        self.timeout = timeout
        self.relistEvery = relistEvery
        self.bounds = bounds
    }

    /// - Parameter epoch: how long a list of keys is good for.
    mutating func follow(_ epoch: Duration, at now: Time) {
        relistEvery = epoch
        for index in signers.indices {
            signers[index].listAt = min(signers[index].listAt, (signers[index].listedAt ?? now) + epoch)
        }
    }

    /// What each signer lists; nil if it has not told yet.
    var lists: [Set<PubShare>?] { signers.map(\.keys) }
    /// Since when each signer fails, and how that began; nil if it does not.
    var outages: [(Time, SigningFailure)?] { signers.map { $0.outage.map { ($0.since, $0.failure) } } }
    var openCount: Int { jobs.count }

    /// What is held of jobs, open and over.
    var entryCount: Int {
        signers.reduce(deadlines.count + paused.count + asked.count) { $0 + $1.urgent.count + $1.low.count }
    }

    // MARK: Entry points

    /// - Returns: the first job's number, the others follow it; and what to do.
    mutating func submit(_ new: [Job], at now: Time) -> (first: ID, actions: [Action]) {
        let first = lastID + 1
        lastID += ID(new.count)
        var actions: [Action] = []
        for (id, job) in zip(first..., new) {
            guard job.deadline > now, jobs.count < bounds.jobsMax else {
                actions.append(.fail(id, job.deadline > now ? .overloaded : .late))
                continue
            }
            jobs[id] = OpenJob(job: job)
            deadlines.schedule(id, at: job.deadline)
            actions += route(id)
        }
        actions += prune()
        return (first, actions + dispatch(at: now))
    }

    /// - Returns: what to do; a signature is open until it is `checked`.
    mutating func answered(_ id: ID, _ response: Response, at now: Time) -> [Action] {
        guard let request = asked.removeValue(forKey: id) else { return [] }
        signers[request.signer].inFlight -= 1
        if request.isLow { signers[request.signer].lowInFlight -= 1 }
        jobs[id]?.isAsked = false
        var actions: [Action] = []
        if let failure = outageFailure(response, request.signer) {
            if !request.isCut || request.isProbe || response != .timedOut {
                actions += failed(request.signer, failure, isProbe: request.isProbe, at: now)
            }
            actions += retry(id, failure)
        } else {
            actions += recovered(request.signer, at: now)
            if case .answer(let answer) = response { actions += take(id, answer, of: request.signer, at: now) }
        }
        return actions + dispatch(at: now)
    }

    /// What waits for these keys is over, also where it is asked for already.
    mutating func forget(_ keys: Set<PubShare>) -> [Action] {
        jobs.filter { keys.contains($0.value.job.key) }.keys.sorted().flatMap { end($0, .noKey) }
    }

    /// A signature was looked at. One that is wrong may still be had from another signer.
    mutating func checked(_ id: ID, of signer: Int, holds: Bool, at now: Time) -> [Action] {
        guard !holds else {
            jobs[id] = nil
            return []
        }
        jobs[id]?.excluded.insert(signer)
        return retry(id, .wrongSignature(signer: signers[signer].name)) + dispatch(at: now)
    }

    /// We cannot tell whether a signature holds.
    mutating func giveUp(_ id: ID, _ failure: SigningFailure) -> [Action] { jobs[id] == nil ? [] : end(id, failure) }

    /// - Parameter keys: what the signer lists.
    mutating func listed(_ signer: Int, _ keys: Set<PubShare>, at now: Time) -> [Action] {
        signers[signer].isListing = false
        signers[signer].listFailures = 0
        signers[signer].listedAt = now
        signers[signer].listAt = now + relistEvery
        var actions = recovered(signer, at: now)
        if signers[signer].keys != keys {
            signers[signer].keys = keys
            actions.append(.listsChanged)
            actions += routeAll()
        }
        return actions + dispatch(at: now)
    }

    /// It did not list its keys; those it listed before stay.
    mutating func listFailed(_ signer: Int, _ response: Response, at now: Time) -> [Action] {
        signers[signer].isListing = false
        signers[signer].listFailures += 1
        signers[signer].listAt = now + Self.backoff.delay(attempt: signers[signer].listFailures)
        if let failure = outageFailure(response, signer) {
            return failed(signer, failure, isProbe: signers[signer].inFlight == 0, at: now) + dispatch(at: now)
        }
        var actions = recovered(signer, at: now)
        if signers[signer].listFailures == 1, case .answer(let answer) = response {
            actions.append(.unlisted(signer: signer, failure(answer, signers[signer].name)))
        }
        return actions + dispatch(at: now)
    }

    /// Time has passed.
    mutating func tick(at now: Time) -> [Action] {
        var actions: [Action] = []
        while let next = deadlines.nextTime, next <= now, let (_, id) = deadlines.pop() {
            guard let open = jobs.removeValue(forKey: id) else { continue }
            actions.append(.fail(id, open.failure ?? reasonToWait(open.job)))
        }
        while let next = paused.nextTime, next <= now, let (_, id) = paused.pop() {
            jobs[id]?.tried = []
            actions += route(id)
        }
        for index in signers.indices where !signers[index].isListing && signers[index].listAt <= now {
            signers[index].isListing = true
            actions.append(.list(signer: index))
        }
        return actions + dispatch(at: now)
    }

    /// When to call `tick`.
    var nextWake: Time? {
        var times = [deadlines.nextTime, paused.nextTime].compactMap(\.self)
        for signer in signers {
            if !signer.isListing { times.append(signer.listAt) }
            if let outage = signer.outage, !outage.isProbed, hasWork(signer) { times.append(outage.until) }
        }
        return times.min()
    }

    // MARK: Answers

    /// - Returns: why the signer as a whole is of no use now; nil if it answered.
    private func outageFailure(_ response: Response, _ signer: Int) -> SigningFailure? {
        let name = signers[signer].name
        switch response {
        case .timedOut: return .timedOut(signer: name)
        case .unreachable(let reason): return .unreachable(signer: name, reason)
        case .answer(.broken(let status, _)) where 502...504 ~= status:
            return .answered(signer: name, "status \(status)")
        case .answer: return nil
        }
    }

    private func failure(_ answer: SignerAnswer, _ name: String) -> SigningFailure {
        switch answer {
        case .signature: .answered(signer: name, "a signature that nobody asked for")
        case .garbage: .answered(signer: name, "something that is not what was asked for")
        case .noKey: .answered(signer: name, "status 404")
        case .refused: .refused(signer: name)
        case .broken(let status, _), .rejected(let status, _): .answered(signer: name, "status \(status)")
        }
    }

    private mutating func take(_ id: ID, _ answer: SignerAnswer, of signer: Int, at now: Time) -> [Action] {
        guard let open = jobs[id] else { return [] }
        let failure = failure(answer, signers[signer].name)
        switch answer {
        case .signature: return []
        case .rejected, .refused: return end(id, failure)
        case .noKey:
            signers[signer].keys?.remove(open.job.key)
            let soonest = signers[signer].listedAt.map { max(now, $0 + bounds.relistPause) } ?? now
            signers[signer].listAt = min(signers[signer].listAt, soonest)
            jobs[id]?.excluded.insert(signer)
            jobs[id]?.mustBeListed = true
            return retry(id, .noKey)
        case .broken, .garbage:
            jobs[id]?.tried.insert(signer)
            jobs[id]?.attempts += 1
            if !candidates(jobs[id] ?? open).isEmpty { return retry(id, failure) }
            guard open.attempts + 1 < bounds.attemptsMax else { return end(id, failure) }
            jobs[id]?.failure = failure
            paused.schedule(id, at: now + bounds.retryPause * (open.attempts + 1))
            return open.failure == failure ? [] : [.setback(id, failure)]
        }
    }

    private mutating func retry(_ id: ID, _ failure: SigningFailure) -> [Action] {
        guard let open = jobs[id] else { return [] }
        jobs[id]?.failure = failure
        let actions = route(id)
        // Who has nobody left to ask has failed; that is all to tell.
        return jobs[id] == nil || open.failure == failure ? actions : [.setback(id, failure)] + actions
    }

    private mutating func end(_ id: ID, _ failure: SigningFailure) -> [Action] {
        jobs[id] = nil
        return [.fail(id, failure)]
    }

    // MARK: Health

    private mutating func failed(_ index: Int, _ failure: SigningFailure, isProbe: Bool, at now: Time) -> [Action] {
        guard var outage = signers[index].outage else {
            let until = now + Self.backoff.delay(attempt: 1)
            signers[index].outage = Outage(since: now, failure: failure, until: until)
            return [.outage(signer: index, failure)] + routeWaiting(of: index)
        }
        // What was under way when it began says nothing new.
        if isProbe {
            outage.failures += 1
            outage.isProbed = false
            outage.until = now + Self.backoff.delay(attempt: outage.failures)
            signers[index].outage = outage
        }
        return []
    }

    private mutating func recovered(_ index: Int, at now: Time) -> [Action] {
        guard let outage = signers[index].outage else { return [] }
        signers[index].outage = nil
        return [.recovered(signer: index, after: outage.since.duration(to: now))] + routeAll()
    }

    private func reasonToWait(_ job: Job) -> SigningFailure {
        candidates(OpenJob(job: job)).compactMap { signers[$0].outage?.failure }.first ?? .overloaded
    }

    // MARK: Lines

    private func candidates(_ open: OpenJob) -> [Int] {
        signers.indices.filter { index in
            guard !open.excluded.contains(index), !open.tried.contains(index) else { return false }
            return signers[index].keys?.contains(open.job.key) ?? !open.mustBeListed
        }
    }

    /// Puts a job into the line of the signer to ask; ends it if there is none.
    private mutating func route(_ id: ID) -> [Action] {
        guard let open = jobs[id], !open.isAsked else { return [] }
        let best = candidates(open).min { precedes($0, $1) }
        guard let best else { return end(id, open.failure ?? .noKey) }
        let rank = open.job.rank
        if rank.isLow {
            signers[best].low.schedule(id, at: rank.rawValue)
        } else {
            signers[best].urgent.schedule(id, at: rank.rawValue)
        }
        return []
    }

    /// In reach before out of reach, then who is back soonest, who says that it has the key, who is configured first.
    private func precedes(_ a: Int, _ b: Int) -> Bool {
        switch (signers[a].outage, signers[b].outage) {
        case (nil, _?): return true
        case (_?, nil): return false
        case (let a?, let b?) where a.until != b.until: return a.until < b.until
        default: break
        }
        let (isKnownA, isKnownB) = (signers[a].keys != nil, signers[b].keys != nil)
        return isKnownA != isKnownB ? isKnownA : a < b
    }

    /// Entries of jobs that are over stay where they wait until they come up: in the lines of a signer that is away, not
    /// before it is back. Forgets them when they are the most.
    private mutating func prune() -> [Action] {
        let most = 2 * jobs.count + Self.pruneMin
        if deadlines.count > most {
            deadlines = EventHeap()
            for (id, open) in jobs.sorted(by: { $0.key < $1.key }) { deadlines.schedule(id, at: open.job.deadline) }
        }
        return signers.indices.filter { signers[$0].urgent.count + signers[$0].low.count > most }
            .flatMap { routeWaiting(of: $0) }
    }

    private mutating func routeAll() -> [Action] { signers.indices.flatMap { routeWaiting(of: $0) } }

    private mutating func routeWaiting(of index: Int) -> [Action] {
        var waiting: [ID] = []
        while let (_, id) = signers[index].urgent.pop() { waiting.append(id) }
        while let (_, id) = signers[index].low.pop() { waiting.append(id) }
        return waiting.flatMap { route($0) }
    }

    private mutating func dispatch(at now: Time) -> [Action] {
        signers.indices.flatMap { dispatch($0, at: now) }
    }

    private mutating func dispatch(_ index: Int, at now: Time) -> [Action] {
        var actions: [Action] = []
        while mayAsk(index, at: now), let id = nextWaiting(index) {
            // Those whose time is over end with the next tick.
            guard let open = jobs[id], open.job.deadline > now else { continue }
            let left = now.duration(to: open.job.deadline)
            let isProbe = signers[index].outage != nil
            signers[index].outage?.isProbed = true
            signers[index].inFlight += 1
            if open.job.rank.isLow { signers[index].lowInFlight += 1 }
            jobs[id]?.isAsked = true
            asked[id] = Asked(signer: index, isLow: open.job.rank.isLow, isProbe: isProbe, isCut: left < timeout)
            actions.append(.ask(id, signer: index, timeout: min(timeout, left)))
        }
        return actions
    }

    private func mayAsk(_ index: Int, at now: Time) -> Bool {
        guard signers[index].inFlight < bounds.inFlightMax else { return false }
        return signers[index].outage.map { now >= $0.until && !$0.isProbed } ?? true
    }

    private func hasWork(_ signer: Signer) -> Bool {
        guard signer.inFlight < bounds.inFlightMax else { return false }
        return signer.urgent.nextTime != nil
            || signer.low.nextTime != nil && signer.lowInFlight < bounds.lowInFlightMax
    }

    private mutating func nextWaiting(_ index: Int) -> ID? {
        if let (_, id) = signers[index].urgent.pop() { return id }
        guard signers[index].lowInFlight < bounds.lowInFlightMax else { return nil }
        return signers[index].low.pop()?.item
    }
}
