import Synchronization

@testable import LogSinks

/// Files in memory, and everything that goes wrong with a disk.
final class FakeLogDisk: LogDisk {
    struct State {
        /// Contents by path; a removed file that is still open lives on in `open`.
        var files: [String: [UInt8]] = [:]
        var openPath: String?
        /// Of the open file.
        var isUnlinked = false
        /// Bytes that still fit.
        var room = Int.max
        var opens = 0
        var refusesOpen = false
        var refusesRename = false
        var refusesCompress = false
    }

    let state = Mutex(State())

    var files: [String: [UInt8]] { state.withLock { $0.files } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func removeAll() {
        change { state in
            state.files = [:]
            state.isUnlinked = true
        }
    }

    func open(_ path: String) throws(DiskFault) -> Int {
        let size = state.withLock { state -> Int? in
            state.opens += 1
            if state.refusesOpen { return nil }
            (state.openPath, state.isUnlinked) = (path, false)
            state.files[path, default: []] += []
            return state.files[path]?.count
        }
        guard let size else { throw DiskFault(action: "open", path: path, reason: "refused") }
        return size
    }

    func append(_ bytes: [UInt8]) throws(DiskFault) {
        let written = state.withLock { state in
            let written = min(bytes.count, state.room)
            state.room -= written
            if !state.isUnlinked, let path = state.openPath { state.files[path, default: []] += bytes.prefix(written) }
            return written
        }
        if written < bytes.count { throw DiskFault(action: "write", path: "", reason: "full", written: written) }
    }

    func isInPlace(_ path: String) -> Bool { state.withLock { !$0.isUnlinked && $0.files[path] != nil } }
    func close() { change { $0.openPath = nil } }

    func rename(_ old: String, to new: String) throws(DiskFault) {
        let isDone = state.withLock { state in
            if state.refusesRename { return false }
            state.files[new] = state.files.removeValue(forKey: old)
            return true
        }
        if !isDone { throw DiskFault(action: "rename", path: old, reason: "refused") }
    }

    func names(in directory: String) -> [String] {
        files.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }
    }

    func remove(_ path: String) { change { $0.files[path] = nil } }

    func compress(_ old: String, to new: String) throws(DiskFault) {
        let isDone = state.withLock { state in
            if state.refusesCompress { return false }
            state.files[new] = Array("gz:".utf8) + (state.files[old] ?? [])
            return true
        }
        if !isDone { throw DiskFault(action: "compress", path: old, reason: "refused") }
    }
}
