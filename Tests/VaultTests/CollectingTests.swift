import Glibc
import LinuxSystem
import Millrace
import Testing

@testable import Vault

/// Removing what nothing needs, while others may be storing the same.
@Suite struct CollectingTests {
    /// An hour ago, in nanoseconds since 1970.
    private static var anHourAgo: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return (Int64(now.tv_sec) - 3600) * 1_000_000_000
    }

    /// Makes an object look as if it had been stored long ago.
    private static func age(_ digest: Digest, in vault: Vault) throws {
        let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        _ = try vault.path(of: digest).withCString { name in
            try systemCall("utimensat") { utimensat(AT_FDCWD, name, times, 0) }
        }
    }

    @Test func `only what was stored long ago goes, and it comes back when it is stored again`()
        throws
    {
        try withVault { vault, _ in
            let digest = try vault.store([1, 2, 3])
            #expect(try !vault.collect(digest, storedBefore: Self.anHourAgo))
            #expect(try vault.verify(digest) == 3)
            try Self.age(digest, in: vault)
            #expect(try vault.collect(digest, storedBefore: Self.anHourAgo))
            #expect(!vault.contains(digest))
            #expect(try !vault.collect(digest, storedBefore: Self.anHourAgo))
            #expect(try vault.store([1, 2, 3]) == digest)
            #expect(try vault.verify(digest) == 3)
        }
    }

    @Test(arguments: [100, 200_000], [false, true])
    func `what is stored at the same moment stays`(_ size: Int, _ hasLog: Bool) throws {
        try withVault { vault, folder in
            if hasLog { try vault.prepare() }
            let bytes = [UInt8](repeating: 7, count: size)
            let file = folder.appending("drop")
            try Files.replace(file, with: bytes, durable: false)
            for round in 0..<300 {
                let digest = try vault.store(bytes)
                try vault.placeAll()
                try Self.age(digest, in: vault)
                let collecting = ThreadSemaphore()
                let moment = Self.anHourAgo
                try BlockingThread.start {
                    _ = try? vault.collect(digest, storedBefore: moment)
                    collecting.signal()
                }
                if round % 2 == 0 {
                    _ = try vault.store(bytes)
                } else {
                    _ = try vault.ingest(try FileDescriptor.open(file, O_RDONLY))
                }
                collecting.wait()
                try vault.placeAll()
                #expect(try vault.verify(digest) == size, "round \(round)")
            }
        }
    }

    @Test func `what a process that died was removing gets its name back`() throws {
        try withVault { vault, _ in
            let digest = try vault.store([4, 5])
            let leaving = vault.directory.appending("leaving")
            try Files.makeDirectories(leaving)
            try Files.rename(vault.path(of: digest), leaving.appending(digest.hex))
            try Files.replace(leaving.appending("strange"), with: [1])
            #expect(vault.status(of: digest) == nil)
            let next = try Vault(directory: vault.directory)
            try next.prepare()
            #expect(try next.verify(digest) == 2)
        }
    }
}
