import Foundation
import GRDBSQLite
import Synchronization

/// A folder whose files SQLite reads and writes through here: what it does is written down, and can be made to fail.
///
/// An SQLite file system of our own stands before the real one, for the whole process; files outside of such folders
/// go straight through.
final class FaultyDisk: Sendable {
    /// What was done to a file of the folder, by name, in order.
    enum Step: Equatable {
        case write(String, offset: Int, [UInt8])
        case truncate(String, size: Int)
        case sync(String)
        case delete(String)
        /// The lock file says this now.
        case mark([UInt8])
        /// Somebody was told that something is durable.
        case told(UInt64)
    }

    enum Action: Hashable { case read, write, sync, truncate, open }

    private struct State {
        var steps: [Step] = []
        var mark: [UInt8] = []
        /// SQLite's codes.
        var faults: [Action: Int32] = [:]
        /// Of the next write only so many bytes arrive.
        var torn: Int?
        var isReadOnly = false
        /// Called in each sync, on SQLite's thread.
        var whileSyncing: (@Sendable () -> Void)?
    }

    let directory: String
    private let lockFile: String
    private let state = Mutex(State())

    private static let disks = Mutex<[String: FaultyDisk]>([:])

    init(_ folder: Folder) throws {
        _ = FaultyFileSystem.isRegistered
        directory = (folder.journal as NSString).deletingLastPathComponent
        lockFile = folder.journal + ".lock"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        Self.disks.withLock { $0[directory] = self }
    }

    /// From now on files that are opened are as any others.
    func remove() { Self.disks.withLock { $0[directory] = nil } }

    static func disk(of path: String) -> FaultyDisk? {
        disks.withLock { $0[(path as NSString).deletingLastPathComponent] }
    }

    var steps: [Step] { state.withLock { $0.steps } }

    func startOver() { state.withLock { $0.steps = [.mark($0.mark)] } }

    func fail(_ action: Action, _ code: Int32?) { state.withLock { $0.faults[action] = code } }

    func tearNextWrite(after bytes: Int) { state.withLock { $0.torn = bytes } }

    func makeReadOnly() { state.withLock { $0.isReadOnly = true } }

    func whileSyncing(_ body: (@Sendable () -> Void)?) { state.withLock { $0.whileSyncing = body } }

    func tell(_ slot: UInt64) { note(.told(slot)) }

    // MARK: For the file system

    var isReadOnly: Bool { state.withLock { $0.isReadOnly } }

    func fault(_ action: Action) -> Int32? { state.withLock { $0.faults[action] } }

    func takeTorn() -> Int? {
        state.withLock { state in
            defer { state.torn = nil }
            return state.torn
        }
    }

    func syncing() { state.withLock { $0.whileSyncing }?() }

    func note(_ step: Step) {
        // The lock file is written beside SQLite: what it says is put in its place among the other steps.
        let mark = FileManager.default.contents(atPath: lockFile).map { [UInt8]($0) } ?? []
        state.withLock { state in
            if mark != state.mark {
                state.mark = mark
                state.steps.append(.mark(mark))
            }
            state.steps.append(step)
        }
    }
}

/// SQLite's codes that its header does not give as numbers.
enum DiskError {
    static let read = SQLITE_IOERR | 1 << 8
    static let write = SQLITE_IOERR | 3 << 8
    static let sync = SQLITE_IOERR | 4 << 8
    static let delete = SQLITE_IOERR | 10 << 8
}

/// An open file.
final class FaultyFile {
    let disk: FaultyDisk
    /// Without the folder.
    let name: String
    /// The real one.
    let file: UnsafeMutablePointer<sqlite3_file>

    init(_ disk: FaultyDisk, _ name: String, _ file: UnsafeMutablePointer<sqlite3_file>) {
        self.disk = disk
        self.name = name
        self.file = file
    }
}

/// The part that SQLite calls.
enum FaultyFileSystem {
    /// What SQLite holds of an open file.
    private struct Shell {
        var head = sqlite3_file()
        var file: UnsafeMutableRawPointer?
    }

    private typealias Pointer = UnsafeMutablePointer<sqlite3_file>

    /// Set once, before SQLite calls anything here.
    nonisolated(unsafe) private static var real: UnsafeMutablePointer<sqlite3_vfs>?

    static let isRegistered: Bool = {
        guard let original = sqlite3_vfs_find(nil) else { return false }
        real = original
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: original.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup("styx-faulty"))
        vfs.pointee.szOsFile = max(original.pointee.szOsFile, Int32(MemoryLayout<Shell>.size))
        vfs.pointee.xOpen = { FaultyFileSystem.open($0, $1, $2, $3, $4) }
        vfs.pointee.xDelete = { FaultyFileSystem.delete($0, $1, $2) }
        return sqlite3_vfs_register(vfs, 1) == SQLITE_OK
    }()

    private static func open(
        _: UnsafeMutablePointer<sqlite3_vfs>?, _ name: UnsafePointer<CChar>?, _ target: Pointer?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let real, let open = real.pointee.xOpen, let target else { return SQLITE_CANTOPEN }
        let path = name.map { String(cString: $0) } ?? ""
        guard let disk = FaultyDisk.disk(of: path) else { return open(real, name, target, flags, outFlags) }
        target.pointee.pMethods = nil
        if let code = disk.fault(.open) { return code }
        let size = Int(real.pointee.szOsFile)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        memset(memory, 0, size)
        let file = memory.assumingMemoryBound(to: sqlite3_file.self)
        let wanted =
            disk.isReadOnly ? flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_READONLY : flags
        let code = open(real, name, file, wanted, outFlags)
        guard code == SQLITE_OK else {
            memory.deallocate()
            return code
        }
        let opened = FaultyFile(disk, (path as NSString).lastPathComponent, file)
        UnsafeMutableRawPointer(target).assumingMemoryBound(to: Shell.self).pointee.file =
            Unmanaged.passRetained(opened).toOpaque()
        target.pointee.pMethods = UnsafePointer(methods)
        return SQLITE_OK
    }

    private static func delete(
        _: UnsafeMutablePointer<sqlite3_vfs>?, _ name: UnsafePointer<CChar>?, _ syncsDirectory: Int32
    ) -> Int32 {
        guard let real, let delete = real.pointee.xDelete else { return DiskError.delete }
        let path = name.map { String(cString: $0) } ?? ""
        FaultyDisk.disk(of: path)?.note(.delete((path as NSString).lastPathComponent))
        return delete(real, name, syncsDirectory)
    }

    private static func opened(_ shell: Pointer?) -> FaultyFile {
        guard let shell,
            let file = UnsafeMutableRawPointer(shell).assumingMemoryBound(to: Shell.self).pointee.file
        else { preconditionFailure("SQLite calls a file that is not open") }
        return Unmanaged<FaultyFile>.fromOpaque(file).takeUnretainedValue()
    }

    /// Lives as long as the process, as SQLite wants it.
    nonisolated(unsafe) private static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        var all = sqlite3_io_methods()
        all.iVersion = 1
        all.xClose = { shell in
            let file = FaultyFileSystem.opened(shell)
            let code = file.file.pointee.pMethods.pointee.xClose(file.file)
            UnsafeMutableRawPointer(file.file).deallocate()
            Unmanaged.passUnretained(file).release()
            return code
        }
        all.xRead = { shell, buffer, count, offset in
            let file = FaultyFileSystem.opened(shell)
            if let code = file.disk.fault(.read) { return code }
            return file.file.pointee.pMethods.pointee.xRead(file.file, buffer, count, offset)
        }
        all.xWrite = { FaultyFileSystem.write($0, $1, $2, $3) }
        all.xTruncate = { shell, size in
            let file = FaultyFileSystem.opened(shell)
            if let code = file.disk.fault(.truncate) { return code }
            file.disk.note(.truncate(file.name, size: Int(size)))
            return file.file.pointee.pMethods.pointee.xTruncate(file.file, size)
        }
        all.xSync = { shell, flags in
            let file = FaultyFileSystem.opened(shell)
            file.disk.syncing()
            if let code = file.disk.fault(.sync) { return code }
            let code = file.file.pointee.pMethods.pointee.xSync(file.file, flags)
            if code == SQLITE_OK { file.disk.note(.sync(file.name)) }
            return code
        }
        all.xFileSize = { shell, size in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xFileSize(file.file, size)
        }
        all.xLock = { shell, level in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xLock(file.file, level)
        }
        all.xUnlock = { shell, level in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xUnlock(file.file, level)
        }
        all.xCheckReservedLock = { shell, result in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xCheckReservedLock(file.file, result)
        }
        all.xFileControl = { shell, operation, argument in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xFileControl(file.file, operation, argument)
        }
        all.xSectorSize = { shell in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xSectorSize(file.file)
        }
        all.xDeviceCharacteristics = { shell in
            let file = FaultyFileSystem.opened(shell)
            return file.file.pointee.pMethods.pointee.xDeviceCharacteristics(file.file)
        }
        methods.initialize(to: all)
        return methods
    }()

    private static func write(
        _ shell: Pointer?, _ buffer: UnsafeRawPointer?, _ count: Int32, _ offset: sqlite3_int64
    ) -> Int32 {
        let file = opened(shell)
        if let code = file.disk.fault(.write) { return code }
        let bytes = [UInt8](UnsafeRawBufferPointer(start: buffer, count: Int(count)))
        guard let write = file.file.pointee.pMethods.pointee.xWrite else { return DiskError.write }
        if let torn = file.disk.takeTorn() {
            _ = write(file.file, buffer, min(count, Int32(torn)), offset)
            return DiskError.write
        }
        file.disk.note(.write(file.name, offset: Int(offset), bytes))
        return write(file.file, buffer, count, offset)
    }
}
