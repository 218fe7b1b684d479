;; returns 0: an entry that was never closed is left out and reported
;; attacks: archive_open archive_write
;; says: entries-never-closed/open was never closed, so it is left out
(module
  (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
  (import "wagather_v1" "archive_write" (func $archive_write (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 entries-never-closed 0\n")
  (memory (export "memory") 1)
  (data (i32.const 0) "open" "closed")
  (func (export "gather") (result i32) (local $closed i32)
    (drop (call $archive_write (call $archive_open (i32.const 0) (i32.const 4)) (i32.const 0) (i32.const 4)))
    (local.set $closed (call $archive_open (i32.const 4) (i32.const 6)))
    (drop (call $archive_write (local.get $closed) (i32.const 4) (i32.const 6)))
    (call $archive_close (local.get $closed))))
