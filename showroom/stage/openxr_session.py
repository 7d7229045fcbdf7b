"""A session with a headset: its life cycle, its frames, and what is handed over in each."""

from __future__ import annotations

import ctypes as c
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import xr
from numpy.typing import NDArray
from xr import raw_functions as raw

from .bindings import BINDINGS
from .controls import Controls, Tick
from .openxr_actions import XrActions
from .openxr_binding import GlContext
from .openxr_gl import Copier
from .openxr_hands import Joints, body_tracker, hand_trackers
from .openxr_instance import LOST, STEREO, HeadsetLost, XrInstance, succeeded, told
from .openxr_lifecycle import Lifecycle, Step
from .openxr_panels import PanelLayers, pointer_to
from .openxr_passthrough import BLEND, Passthrough, passthrough
from .openxr_spaces import PlayArea, Spaces
from .openxr_swapchain import DEPTHS, Swapchain, negotiate
from .openxr_view import FAR, NEAR, Eye, transform_of
from .panel import Panel

_DEPTH_EXTENSION = "XR_KHR_composition_layer_depth"


class XrSession:
    """A session drawing with the GL context that is current on this thread.

    Args:
        context: that context.
        mixed: ask for passthrough: the visitor's own surroundings instead of the scene's.
        bindings: another file than the shipped one.

    Attributes:
        life: where the session is.
        width, height: of one eye's picture, pixels.
        passthrough: how surroundings are shown; None where they are not.
        area: the safe part of the floor; None while it is not known.

    Raises:
        StageError: there is no headset, or the runtime refuses something needed.
    """

    def __init__(
        self, context: GlContext, *, mixed: bool = False, bindings: Path = BINDINGS
    ) -> None:
        self.life = Lifecycle()
        self.area: PlayArea | None = None
        self.passthrough: Passthrough | None = None
        self._handle: Any = None
        self._masks_changed = self._area_changed = True
        self._copier = Copier(context.function)
        self.instance = XrInstance(context.extension)
        try:
            with told("the headset cannot be used"):
                self._open(context, mixed, bindings)
        except BaseException:
            self.close()
            raise

    def _open(self, context: GlContext, mixed: bool, bindings: Path) -> None:
        instance = self.instance
        self._context = context.binding()  # Kept: the runtime may look at it again.
        pointer = c.cast(c.pointer(self._context), c.c_void_p)
        self._handle = xr.create_session(
            instance.handle, xr.SessionCreateInfo(next=pointer, system_id=instance.system)
        )
        view = xr.enumerate_view_configuration_views(instance.handle, instance.system, STEREO)[0]
        most = xr.get_system_properties(instance.handle, instance.system).graphics_properties
        wide, high = int(view.recommended_image_rect_width), int(view.recommended_image_rect_height)
        self.width = min(wide, int(most.max_swapchain_image_width) // 2)
        self.height = min(high, int(most.max_swapchain_image_height))
        self.spaces = Spaces(self._handle)
        self.actions = XrActions(instance, self._handle, bindings)
        self.hands = hand_trackers(instance, self._handle)
        self.body = body_tracker(instance, self._handle)
        modes = list(xr.enumerate_environment_blend_modes(instance.handle, instance.system, STEREO))
        if mixed:
            self.passthrough = passthrough(instance, self._handle, modes)
        self._blend = self.passthrough.blend_mode if self.passthrough else modes[0]
        formats = [int(f) for f in xr.enumerate_swapchain_formats(self._handle)]
        size = (2 * self.width, self.height)
        self.color = Swapchain(self._handle, negotiate(formats), *size)
        self.depth: Swapchain | None = None
        if instance.has(_DEPTH_EXTENSION) and any(f in formats for f in DEPTHS):
            self.depth = Swapchain(self._handle, negotiate(formats, DEPTHS), *size)
        self._panels = PanelLayers(self._handle, self.color.form, self._copier.write)
        self._prepare()
        self.ask_refresh_rate()

    def _prepare(self) -> None:
        """Make the structures that every frame fills anew."""
        self._shown = 0
        self._wait, self._state, self._begin = (
            xr.FrameWaitInfo(), xr.FrameState(), xr.FrameBeginInfo()
        )  # fmt: skip
        self._where = xr.ViewLocateInfo(STEREO, 0, self.spaces.floor)
        self._view_state, self._count = xr.ViewState(), c.c_uint32()
        self._views = (xr.View * 2)(xr.View(), xr.View())
        halves = (self.color.part(k * self.width, self.width) for k in (0, 1))
        self._layer_views = (xr.CompositionLayerProjectionView * 2)(
            *(xr.CompositionLayerProjectionView(sub_image=half) for half in halves)
        )
        self._depths = []
        for k in (0, 1) if self.depth is not None else ():
            assert self.depth is not None
            info = xr.CompositionLayerDepthInfoKHR(
                sub_image=self.depth.part(k * self.width, self.width),
                min_depth=0.0, max_depth=1.0, near_z=NEAR, far_z=FAR,
            )  # fmt: skip
            self._depths.append(info)
            self._layer_views[k].next = c.cast(c.pointer(info), c.c_void_p)
        self._layer = xr.CompositionLayerProjection(
            layer_flags=BLEND if self.passthrough else xr.CompositionLayerFlags.NONE,
            space=self.spaces.floor,
        )
        self._layer.view_count = 2
        self._layer._views = c.cast(self._layer_views, c.POINTER(xr.CompositionLayerProjectionView))

    # --- life ----------------------------------------------------------------------------------

    def poll(self) -> None:
        """Take the runtime's events; begins and ends the session as they ask.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with told(LOST, HeadsetLost):
            while not self.life.over:
                try:
                    event = xr.poll_event(self.instance.handle)
                except xr.exception.EventUnavailable:
                    return
                self._take(event)

    def _take(self, event: Any) -> None:
        kinds = xr.StructureType

        def as_(kind: Any) -> Any:
            return c.cast(c.byref(event), c.POINTER(kind)).contents

        match xr.StructureType(event.type):
            case kinds.EVENT_DATA_SESSION_STATE_CHANGED:
                self._enter(xr.SessionState(as_(xr.EventDataSessionStateChanged).state).name)
            case kinds.EVENT_DATA_INSTANCE_LOSS_PENDING:
                self.life = self.life.lost("the headset's software is closing")
            case kinds.EVENT_DATA_REFERENCE_SPACE_CHANGE_PENDING:
                change = as_(xr.EventDataReferenceSpaceChangePending)
                self.spaces.changes(int(change._reference_space_type), int(change.change_time))
                self._area_changed = True
            case kinds.EVENT_DATA_INTERACTION_PROFILE_CHANGED:
                self.actions.changed()
            case kinds.EVENT_DATA_VISIBILITY_MASK_CHANGED_KHR:
                self._masks_changed = True

    def _enter(self, state: str) -> None:
        self.life, step = self.life.entered(state)
        if self.life.focused:
            self.actions.changed()
        if step is Step.BEGIN:
            xr.begin_session(self._handle, xr.SessionBeginInfo(STEREO))
        elif step is Step.END:
            xr.end_session(self._handle)

    def leave(self) -> None:
        """Ask the runtime to end the session; ``poll`` follows it until it is over.

        Raises:
            HeadsetLost: the runtime went away.
        """
        self.life = self.life.asking()
        if not self.life.running:
            return
        with told(LOST, HeadsetLost):
            xr.request_exit_session(self._handle)

    def close(self) -> None:
        """Free everything the runtime holds; a runtime that is gone holds nothing."""
        for holder in ("body", "hands", "passthrough"):
            held = getattr(self, holder, None)
            if held is not None:
                held.close()
        if self._handle is not None:
            with suppress(xr.exception.XrException):
                xr.destroy_session(self._handle)
            self._handle = None
        self.instance.close()
        self._copier.close()

    # --- a frame -------------------------------------------------------------------------------

    def begin(self) -> tuple[int, bool]:
        """Wait for the next frame; ``end`` must follow.

        Returns:
            When it is shown, the runtime's clock in nanoseconds, and whether to draw.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with told(LOST, HeadsetLost):
            succeeded(raw.xrWaitFrame(self._handle, c.byref(self._wait), c.byref(self._state)))
            self._shown = int(self._state.predicted_display_time)
            # A frame before this one that was dropped is no error.
            succeeded(raw.xrBeginFrame(self._handle, c.byref(self._begin)))
            if self._area_changed:
                self._area_changed = False
                self.area = self.spaces.play_area(self._shown)
        return self._shown, bool(self._state.should_render)

    def controls(self, seconds: float) -> tuple[Controls, Joints, str]:
        """Head, hands and all joints at the time of the frame, in the play space.

        Args:
            seconds: that time on the visit's clock.

        Returns:
            The controls, joints by name, and whose names those are.

        Raises:
            HeadsetLost: the runtime went away.
        """
        space, time = self.spaces.floor, self._shown
        with told(LOST, HeadsetLost):
            head = self.spaces.where_head(time)
            if not self.life.focused:
                return Controls(seconds, head), {}, ""
            hands = self.actions.read(space, time)
            joints: Joints = {}
            skeleton = ""
            if self.hands is not None:
                hands, joints = self.hands.read(space, time, hands)
                skeleton = self.hands.skeleton if joints else ""
            if self.body is not None and (body := self.body.read(space, time)):
                joints, skeleton = body, self.body.skeleton
        return Controls(seconds, head, *hands), joints, skeleton

    def eyes(self) -> tuple[Eye, ...]:
        """Where both eyes will be; empty while they are not known. As late as can be.

        Raises:
            HeadsetLost: the runtime went away.
        """
        self._where.display_time = self._shown
        with told(LOST, HeadsetLost):
            succeeded(
                raw.xrLocateViews(
                    self._handle, c.byref(self._where), c.byref(self._view_state), 2,
                    c.byref(self._count), self._views,
                )
            )  # fmt: skip
        if self._view_state._view_state_flags & 3 != 3:
            return ()
        return _eye(self._views[0]), _eye(self._views[1])

    @contextmanager
    def pictures(self) -> Iterator[tuple[int, int | None]]:
        """The next colour and depth picture, as GL's texture numbers: both eyes, left first.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with self.color.image() as color:
            if self.depth is None:
                yield color, None
                return
            with self.depth.image() as depth:
                yield color, depth

    @property
    def depth_form(self) -> int:
        """GL's number of the depth's format; 0 where the runtime takes no depth."""
        return 0 if self.depth is None else self.depth.form

    def copy(self, pictures: tuple[int, int | None], color: int, depth: int | None) -> None:
        """Copy what was drawn into the runtime's pictures."""
        size = (2 * self.width, self.height)
        self._copier.copy(color, pictures[0], *size)
        if depth is not None and pictures[1] is not None:
            self._copier.copy_depth(depth, pictures[1], *size)

    def end(self, drawn: bool, panels: Sequence[Panel] = ()) -> None:
        """Hand the frame over; not ``drawn`` shows nothing.

        Raises:
            HeadsetLost: the runtime went away.
        """
        layers: list[Any] = []
        with told(LOST, HeadsetLost):
            if drawn:
                surroundings = self.passthrough.layer() if self.passthrough else None
                if surroundings is not None:
                    layers.append(surroundings)
                for mine, view in zip(self._layer_views, self._views, strict=True):
                    mine.pose, mine.fov = view.pose, view.fov
                layers.append(self._layer)
                spaces = {"play": self.spaces.floor, "head": self.spaces.head}
                layers += self._panels.layers(panels, spaces)
            info = xr.FrameEndInfo(
                display_time=self._shown,
                environment_blend_mode=self._blend,
                layers=[pointer_to(layer) for layer in layers],
            )
            succeeded(raw.xrEndFrame(self._handle, c.byref(info)))
        self._copier.drain()

    def read(self, picture: int) -> NDArray[np.uint8]:
        """A colour picture's pixels, (h, 2 w, 4) uint8, top row first: left, right; for tests."""
        return self._copier.read(picture, 2 * self.width, self.height)

    def read_depth(self, picture: int) -> NDArray[np.float32]:
        """A depth picture, (h, 2 w) float32 0 to 1, top row first: left, right; for tests."""
        return self._copier.read_depth(picture, 2 * self.width, self.height)

    # --- what only some runtimes have ----------------------------------------------------------

    def pulse(self, tick: Tick) -> None:
        """Let a controller be felt.

        Raises:
            HeadsetLost: the runtime went away.
        """
        if self.life.focused:
            with told(LOST, HeadsetLost):
                self.actions.pulse(tick)

    def recentred(self) -> bool:
        """Whether the play space has another origin since the frame before; says so once."""
        return self.spaces.recentred(self._shown)

    @property
    def handless(self) -> bool:
        """Whether there is neither a controller that the bindings know nor a hand."""
        return not any(self.actions.profiles) and not (self.hands is not None and self.hands.seen)

    def ask_refresh_rate(self, most: float = 120.0) -> float:
        """Ask for the fastest refresh rate up to ``most`` hertz; 0 where none can be asked for."""
        if not self.instance.has("XR_FB_display_refresh_rate"):
            return 0.0
        ask = self.instance.function(
            "xrEnumerateDisplayRefreshRatesFB", xr.PFN_xrEnumerateDisplayRefreshRatesFB
        )
        count = c.c_uint32()
        if ask(self._handle, 0, c.byref(count), None) != 0 or not count.value:
            return 0.0
        rates = (c.c_float * count.value)()
        if ask(self._handle, count.value, c.byref(count), rates) != 0:
            return 0.0
        best = max((rate for rate in rates if rate <= most), default=min(rates))
        request = self.instance.function(
            "xrRequestDisplayRefreshRateFB", xr.PFN_xrRequestDisplayRefreshRateFB
        )
        return float(best) if request(self._handle, best) == 0 else 0.0

    def take_masks(self) -> tuple[Any, Any] | None:
        """What neither lens lets through, for each eye, once and after each change.

        Returns:
            For left and right (vertices (n, 2) float32 on the plane z = -1 of the eye's view,
            triangles (m, 3) uint32), or None where nothing has changed.
        """
        if not self._masks_changed or not self.instance.has("XR_KHR_visibility_mask"):
            return None
        self._masks_changed = False
        left, right = (self._mask(k) for k in (0, 1))
        return left, right

    def _mask(self, eye: int) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        ask = self.instance.function("xrGetVisibilityMaskKHR", xr.PFN_xrGetVisibilityMaskKHR)
        hidden = xr.VisibilityMaskTypeKHR.HIDDEN_TRIANGLE_MESH.value
        mask = xr.VisibilityMaskKHR()

        def call() -> bool:
            return bool(ask(self._handle, STEREO.value, eye, hidden, c.byref(mask)) == 0)

        empty = np.empty((0, 2), np.float32), np.empty((0, 3), np.uint32)
        if not call() or not mask.vertex_count_output or not mask.index_count_output:
            return empty
        vertices = np.empty((mask.vertex_count_output, 2), np.float32)
        indices = np.empty(mask.index_count_output, np.uint32)
        mask.vertex_capacity_input, mask.index_capacity_input = len(vertices), len(indices)
        mask.vertices = c.cast(vertices.ctypes.data, c.POINTER(xr.Vector2f))
        mask.indices = c.cast(indices.ctypes.data, c.POINTER(c.c_uint32))
        return (vertices, indices.reshape(-1, 3)) if call() else empty


def _eye(view: Any) -> Eye:
    fov = view.fov
    angles = (fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down)
    left, right, up, down = (float(a) for a in angles)
    return Eye(transform_of(view.pose), (left, right, up, down))
