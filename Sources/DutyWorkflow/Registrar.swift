import Ethereum
import SSZ

/// Which builder registrations this node signs, so that as many operators as it takes sign the same bytes.
///
/// A registration holds a time, and the later one wins. Nobody says which: a registration is of a duty, and its time is
/// the start of the duty's slot. The first of a validator is of slot 0, as the time in a lock is the network's genesis;
/// one that replaces another is of the first slot after it. So operators who replace the same one by the same new one sign
/// the same, whenever they want it. Those who know different ones, or changed their minds, propose different times; so
/// each also signs what another operator proposed that differs from its own only by the time, if it is later than what
/// holds and has begun. Whichever is complete first counts, and by that the others' wishes are met.
///
/// Nothing is signed that no operator of this node wants, or that is there already: `update` gets what is missing.
/// Sources: workflow.md §5.7; remote-signer.md §C.2; spec/cluster-files.md §12.
struct Registrar: Sendable {
    /// Later slots that are tried when this operator has signed something else in the first: its peers keep ten.
    private static let changesMax: UInt64 = 8

    private let configuration: WorkflowConfiguration
    private var wanted: [PubKey: WantedRegistration] = [:]
    /// What the signer was asked for in this epoch.
    private var asked: [Duty: Set<EntryKey>] = [:]
    private var askedIn: Epoch?
    /// When the next of the duties begins that lie ahead.
    private(set) var nextWake: Instant?

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    /// - Parameter new: all that is missing.
    /// - Returns: what to sign.
    mutating func update(_ new: [PubKey: WantedRegistration], _ shares: ParSigDB, at now: Instant) -> [Signal] {
        if askedIn == nil { askedIn = configuration.clock.epoch(of: configuration.clock.currentSlot(at: now)) }
        let changed = new.keys.filter { wanted[$0] != new[$0] }
        wanted = new.filter { configuration.validators.contains($0.key) }
        return sign(changed.sorted(), shares, at: now)
    }

    /// Once an epoch what is still missing is signed again, if it has not been, e.g. because the signer was away.
    mutating func wake(_ shares: ParSigDB, at now: Instant) -> [Signal] {
        let epoch = configuration.clock.epoch(of: configuration.clock.currentSlot(at: now))
        let isDue = nextWake.map { $0 <= now } ?? false
        guard askedIn != epoch || isDue else { return [] }
        if askedIn != epoch { asked = [:] }
        askedIn = epoch
        nextWake = nil
        return wanted.isEmpty ? [] : sign(wanted.keys.sorted(), shares, at: now)
    }

    /// What a peer signed: perhaps it is what is wanted here.
    mutating func heard(_ duty: Duty, _ keys: [EntryKey], _ shares: ParSigDB, at now: Instant) -> [Signal] {
        guard duty.type == .builderRegistration, !wanted.isEmpty else { return [] }
        var set: SignedDataSet = [:]
        for key in keys {
            guard let wish = wanted[key.pubKey], let data = proposal(duty, key, wish, shares, now) else { continue }
            set[key] = data
        }
        return ask([duty: set], shares)
    }

    // MARK: Private parts

    private mutating func sign(_ pubKeys: [PubKey], _ shares: ParSigDB, at now: Instant) -> [Signal] {
        var sets: [Duty: SignedDataSet] = [:]
        for pubKey in pubKeys {
            guard let wish = wanted[pubKey] else { continue }
            let key = EntryKey(pubKey)
            var isProposed = false
            for duty in shares.duties(of: .builderRegistration, key) {
                guard let data = proposal(duty, key, wish, shares, now) else { continue }
                // Another was signed here in that duty, before this operator changed its mind.
                if let signed = shares.signedRoot(duty, key), signed != data.messageRoot { continue }
                sets[duty, default: [:]][key] = data
                isProposed = true
            }
            guard !isProposed, let (duty, data) = own(key, wish, shares) else { continue }
            let begin = configuration.clock.start(of: duty.slot)
            if duty.slot > configuration.clock.currentSlot(at: now) {
                nextWake = min(nextWake ?? begin, begin)
            } else {
                sets[duty, default: [:]][key] = data
            }
        }
        return ask(sets, shares)
    }

    private mutating func ask(_ sets: [Duty: SignedDataSet], _ shares: ParSigDB) -> [Signal] {
        sets.sorted { $0.key < $1.key }.compactMap { duty, set in
            let open = set.filter {
                shares.signedRoot(duty, $0.key) == nil && asked[duty]?.contains($0.key) != true
            }
            guard !open.isEmpty else { return nil }
            asked[duty, default: []].formUnion(open.keys)
            return .signable(duty, open)
        }
    }

    /// What others signed in a duty, if it is what is wanted here.
    private func proposal(
        _ duty: Duty, _ key: EntryKey, _ wish: WantedRegistration, _ shares: ParSigDB, _ now: Instant
    ) -> SignedData? {
        guard duty.slot <= configuration.clock.currentSlot(at: now), let time = time(of: duty) else { return nil }
        let messages = shares.messages(of: duty, key)
        for case .registration(let signed) in messages
        where signed.message.pubKey == key.pubKey && signed.message.timestamp == time && wish.isMet(by: signed.message)
        {
            return .registration(Signed(message: signed.message, signature: .zero))
        }
        return nil
    }

    /// The first duty in which it can be signed and is later than what it replaces.
    private func own(_ key: EntryKey, _ wish: WantedRegistration, _ shares: ParSigDB) -> (Duty, SignedData)? {
        let clock = configuration.clock
        let replaced = wish.replaces.flatMap { clock.slot(at: Instant(unixSeconds: $0)) }
        var slot = replaced.map { $0 + 1 } ?? .zero
        for _ in 0..<Self.changesMax {
            let duty = Duty(slot: slot, type: .builderRegistration)
            guard let time = time(of: duty) else { return nil }
            let message = ValidatorRegistration(
                feeRecipient: wish.feeRecipient, gasLimit: wish.gasLimit, timestamp: time, pubKey: key.pubKey)
            let signed = shares.signedRoot(duty, key)
            if wish.isMet(by: message), signed.map({ $0 == message.hashTreeRoot() }) ?? true {
                return (duty, .registration(Signed(message: message, signature: .zero)))
            }
            slot = slot + 1
        }
        return nil
    }

    /// Nil before 1970.
    private func time(of duty: Duty) -> UInt64? {
        UInt64(exactly: configuration.clock.start(of: duty.slot).unixSeconds)
    }
}

extension Workflow {
    mutating func want(_ wanted: [PubKey: WantedRegistration], _ now: Instant) -> [Signal] {
        guard configuration.signs else { return [] }
        return registrar.update(wanted, parSigDB, at: now)
    }

    mutating func wakeRegistrar(_ now: Instant) -> [Signal] { registrar.wake(parSigDB, at: now) }

    /// Of every set that peers share: nothing is done for other duties.
    mutating func cosign(_ duty: Duty, _ set: ParSignedDataSet, _ now: Instant) -> [Signal] {
        guard duty.type == .builderRegistration else { return [] }
        return registrar.heard(duty, set.keys.sorted(), parSigDB, at: now)
    }
}
