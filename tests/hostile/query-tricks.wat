;; returns 0: queries, selectors and masks that would say more than they may are refused
;; attacks: rest_start
;; sends: nothing
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 query-tricks 0\nresource get,list /v1/pods * *\nresource get /v1/pods/log * *\npath /version\n")
  (memory (export "memory") 1)
  (data (i32.const 256) "pods" "v1" "pod-1" "shop" "log" "/version")
  ;; Tricks, each behind its length; a length of 0 ends the list.
  (data (i32.const 1024)
    "\0bfollow=true" "\0awatch=true" "\06limit=" "\0acontinue=a" "\11resourceVersion=0" "\0apretty=yes" "\01&" "\01="
    "\09a=b&c=d&&" "\0btailLines=\0d" "\0ctailLines= 1" "\0ctailLines=#a" "\0etailLines=/../" "\0etailLines=a?b="
    "\0ctailLines=\c3\a4" "\0ctailLines=1&" "\12tailLines=1&follow" "\19verbose=\0d\0aX-Injected: yes" "\0dverbose&watch"
    "\17container=a&container=b" "\0cprevious=yes" "\0climitBytes=0" "\0dsinceTime=now" "\2dsinceTime=2024-05-02T11:00:00Z&sinceSeconds=1" "\0fcontainer=a%2Fb" "\0cfollow=false" "\00")
  (data (i32.const 2048)
    "\04a=\0ab" "\04a=\0db" "\04a=\00b" "\04a=\7fb" "\05a=\c2\85b" "\00")
  (data (i32.const 3072)
    "\01(" "\01)" "\01," "\02a(" "\03a()" "\04a,,b" "\03a b" "\02\0aa" "\04a(b," "\02a)" "\05a(b))" "\02a\00" "\00")
  (global $failed (mut i32) (i32.const 0))
  (func $is (param $check i32) (param $got i32) (param $want i32)
    (if (i32.ne (local.get $got) (local.get $want))
      (then (if (i32.eqz (global.get $failed)) (then (global.set $failed (local.get $check)))))))
  (func $place (param $index i32) (param $ptr i32) (param $len i32)
    (i32.store offset=8 (i32.shl (local.get $index) (i32.const 3)) (local.get $ptr))
    (i32.store offset=12 (i32.shl (local.get $index) (i32.const 3)) (local.get $len)))
  (func $clear (local $at i32)
    (loop $words
      (i32.store (local.get $at) (i32.const 0))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $words (i32.lt_u (local.get $at) (i32.const 88)))))
  (func $pods (param $verb i32)
    (call $clear)
    (i32.store8 (i32.const 0) (local.get $verb))
    (call $place (i32.const 0) (i32.const 260) (i32.const 2))
    (call $place (i32.const 1) (i32.const 256) (i32.const 4))
    (call $place (i32.const 3) (i32.const 267) (i32.const 4)))
  ;; The request as it is, with each trick of a list as the text of that number.
  (func $tricks (param $index i32) (param $at i32) (local $len i32)
    (block $end
      (loop $next
        (local.set $len (i32.load8_u (local.get $at)))
        (br_if $end (i32.eqz (local.get $len)))
        (call $place (local.get $index) (i32.add (local.get $at) (i32.const 1)) (local.get $len))
        (call $is (i32.add (i32.mul (local.get $index) (i32.const 10000)) (local.get $at)) (call $rest_start (i32.const 0)) (i32.const -4))
        (local.set $at (i32.add (local.get $at) (i32.add (local.get $len) (i32.const 1))))
        (br $next))))
  (func (export "gather") (result i32)
    ;; Queries: of a list, of a log, of a raw path.
    (call $pods (i32.const 2))
    (call $tricks (i32.const 9) (i32.const 1024))
    (call $pods (i32.const 1))
    (call $place (i32.const 4) (i32.const 262) (i32.const 5))
    (call $place (i32.const 5) (i32.const 271) (i32.const 3))
    (call $tricks (i32.const 9) (i32.const 1024))
    (call $clear)
    (i32.store8 (i32.const 0) (i32.const 3))
    (call $place (i32.const 1) (i32.const 274) (i32.const 8))
    (call $tricks (i32.const 9) (i32.const 1024))
    ;; Label selectors, field selectors, masks.
    (call $pods (i32.const 2))
    (call $tricks (i32.const 6) (i32.const 2048))
    (call $pods (i32.const 2))
    (call $tricks (i32.const 7) (i32.const 2048))
    (call $pods (i32.const 2))
    (call $tricks (i32.const 8) (i32.const 3072))
    (global.get $failed)))
