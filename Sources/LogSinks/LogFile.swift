import Ethereum

/// A log file that is put aside when it is large, and lives on when its disk is full or its directory goes. Pure: the
/// disk and the time are given.
///
/// ```
/// closed(nextTry) ──open──► open(size) ──full disk──► open, pausing
///       ▲  ▲                  │    │ large: put aside, open anew
///       │  └──gone────────────┘    │
///       └──cannot open─────────────┘
/// ```
struct LogFile<Disk: LogDisk> {
    typealias Time = ContinuousClock.Instant

    enum Effect: Equatable {
        /// Once for as long as it lasts.
        case warn(String)
        /// Lines are written again after so many were not.
        case recovered(lost: UInt64)
        /// Older parts want compressing and clearing.
        case tidy
    }

    private enum State {
        case closed(nextTry: Time?)
        case open(size: Int)
    }

    /// Between two looks whether the file is still there.
    private static var lookEvery: Duration { .seconds(1) }
    private static var retryEvery: Duration { .seconds(5) }
    /// After a write that failed.
    private static var pause: Duration { .seconds(1) }
    /// Between warnings, when trouble comes and goes.
    private static var warnEvery: Duration { .seconds(60) }

    let path: String
    let backups: LogBackups
    private let bytesMax: Int
    private(set) var disk: Disk
    private var state = State.closed(nextTry: nil)
    private var lookAt: Time?
    private var pausedUntil: Time?
    private var rotateAgainAt: Time?
    private var warnedAt: Time?
    /// Trouble that was seen and is not over.
    private var isTroubled = false
    /// Lines, since it was written last.
    private var lost: UInt64 = 0
    /// The last write ended within a line.
    private var isTorn = false

    /// - Parameter bytesMax: of the file.
    init(path: String, bytesMax: Int = 100 << 20, disk: Disk) {
        self.path = path
        self.bytesMax = bytesMax
        self.disk = disk
        backups = LogBackups(of: path)
    }

    /// - Parameters:
    ///   - lines: whole ones.
    ///   - count: how many.
    ///   - wallTime: for the names of older parts.
    mutating func append(_ lines: [UInt8], count: Int, at now: Time, wallTime: Instant) -> [Effect] {
        var effects: [Effect] = []
        look(at: now, &effects)
        guard open(at: now, &effects), pausedUntil.map({ now >= $0 }) ?? true else {
            lost += UInt64(count)
            return effects
        }
        rotate(for: lines.count, at: now, wallTime, &effects)
        guard case .open(let size) = state else {
            lost += UInt64(count)
            return effects
        }
        let bytes = isTorn ? [UInt8(ascii: "\n")] + lines : lines
        do throws(DiskFault) {
            try disk.append(bytes)
        } catch {
            state = .open(size: size + error.written)
            if error.written > 0 { isTorn = true }
            lost += UInt64(count)
            pausedUntil = now + Self.pause
            trouble("lines of the log file are lost until it can be written: \(error)", at: now, &effects)
            return effects
        }
        state = .open(size: size + bytes.count)
        (isTorn, pausedUntil) = (false, nil)
        if lost > 0 { effects.append(.recovered(lost: lost)) }
        (isTroubled, lost) = (false, 0)
        return effects
    }

    private mutating func look(at now: Time, _ effects: inout [Effect]) {
        guard case .open = state, lookAt.map({ now >= $0 }) ?? true else { return }
        lookAt = now + Self.lookEvery
        guard !disk.isInPlace(path) else { return }
        disk.close()
        state = .closed(nextTry: nil)
        (isTorn, pausedUntil) = (false, nil)
        trouble("the log file was removed or moved away; a new one is begun at \(path)", at: now, &effects)
    }

    /// - Returns: whether it is open.
    private mutating func open(at now: Time, _ effects: inout [Effect]) -> Bool {
        guard case .closed(let nextTry) = state else { return true }
        if let nextTry, now < nextTry { return false }
        do throws(DiskFault) {
            state = .open(size: try disk.open(path))
        } catch {
            state = .closed(nextTry: now + Self.retryEvery)
            trouble("no log file is written until it can be opened: \(error)", at: now, &effects)
            return false
        }
        lookAt = now + Self.lookEvery
        effects.append(.tidy)
        return true
    }

    private mutating func rotate(for count: Int, at now: Time, _ wallTime: Instant, _ effects: inout [Effect]) {
        guard case .open(let size) = state, size > 0, size + count > bytesMax,
            rotateAgainAt.map({ now >= $0 }) ?? true
        else { return }
        do throws(DiskFault) {
            try disk.rename(path, to: backups.path(backups.name(at: wallTime)))
        } catch {
            // Too large is better than lost.
            rotateAgainAt = now + Self.warnEvery
            trouble("the log file is over its size and cannot be put aside: \(error)", at: now, &effects)
            return
        }
        rotateAgainAt = nil
        disk.close()
        state = .closed(nextTry: nil)
        _ = open(at: now, &effects)
    }

    private mutating func trouble(_ what: String, at now: Time, _ effects: inout [Effect]) {
        defer { isTroubled = true }
        guard !isTroubled, warnedAt.map({ now - $0 >= Self.warnEvery }) ?? true else { return }
        warnedAt = now
        effects.append(.warn(what))
    }
}
