"""A session with a headset: its life cycle, its frames, and the pictures handed to it."""

from __future__ import annotations

import ctypes as c
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import xr

from ..protocol.limits import Transform
from .openxr_binding import EglContext
from .openxr_hands import Hand, Hands, located
from .openxr_lifecycle import Lifecycle, Step
from .openxr_view import Eye, transform_of
from .settings import StageError

# The stage writes sRGB-encoded bytes. The last one is for runtimes that offer no sRGB at all;
# they may take the picture for linear light and show it too bright.
FORMATS = {0x8C43: "SRGB8_ALPHA8", 0x8C41: "SRGB8", 0x8058: "RGBA8"}
_STEREO = xr.ViewConfigurationType.PRIMARY_STEREO
_SECOND = 1_000_000_000
_STANDING = 1.6


class HeadsetLost(StageError):  # noqa: N818 - it is an event of a visit, named after it
    """The headset or its runtime went away."""

    code = "headset_lost"


@dataclass(frozen=True)
class XrFrame:
    """One frame to draw.

    Attributes:
        time: when it is shown, the runtime's clock, nanoseconds.
        head: None while the headset is not tracked.
        hands: left and right.
        eyes: left and right; empty when nothing is to be drawn.
    """

    time: int
    head: Transform | None
    hands: tuple[Hand, Hand]
    eyes: tuple[Eye, ...]


def negotiate(offered: Sequence[int]) -> int:
    """The best swapchain format of those a runtime offers, as GL's number.

    Raises:
        StageError: none fits; names what was offered.
    """
    for number in FORMATS:
        if number in offered:
            return number
    names = ", ".join(hex(n) for n in offered) or "none"
    raise StageError(f"the headset takes none of {', '.join(FORMATS.values())}; offered: {names}")


class XrSession:
    """A session drawing with the GL context that is current on this thread.

    Args:
        context: that context.

    Raises:
        StageError: there is no headset, or the runtime refuses something needed.
    """

    def __init__(self, context: EglContext) -> None:
        self.life = Lifecycle()
        self._shown = 0
        self._session: Any = None
        with _told("the headset cannot be used"):
            self._instance = _instance(context.extension)
            try:
                self._open(context)
            except BaseException:
                self.close()
                raise

    def _open(self, context: EglContext) -> None:
        system = xr.get_system(
            self._instance, xr.SystemGetInfo(form_factor=xr.FormFactor.HEAD_MOUNTED_DISPLAY)
        )
        _meet_requirements(self._instance, system)
        made = context.binding(xr.StructureType.GRAPHICS_BINDING_EGL_MNDX.value)
        pointer = c.cast(c.pointer(made), c.c_void_p)
        self._session = xr.create_session(
            self._instance, xr.SessionCreateInfo(next=pointer, system_id=system)
        )
        view = xr.enumerate_view_configuration_views(self._instance, system, _STEREO)[0]
        most = xr.get_system_properties(self._instance, system).graphics_properties
        self.width = min(
            int(view.recommended_image_rect_width), int(most.max_swapchain_image_width) // 2
        )
        self.height = min(
            int(view.recommended_image_rect_height), int(most.max_swapchain_image_height)
        )
        self._blend = xr.enumerate_environment_blend_modes(self._instance, system, _STEREO)[0]
        self._space = self._floor()
        self._head = self._reference(xr.ReferenceSpaceType.VIEW)
        self._hands = Hands(self._instance, self._session)
        self.format = negotiate([int(f) for f in xr.enumerate_swapchain_formats(self._session)])
        usage = xr.SwapchainUsageFlags
        self._swapchain = xr.create_swapchain(
            self._session,
            xr.SwapchainCreateInfo(
                usage_flags=usage.COLOR_ATTACHMENT_BIT | usage.SAMPLED_BIT,
                format=self.format,
                sample_count=1,
                width=2 * self.width,
                height=self.height,
                face_count=1,
                array_size=1,
                mip_count=1,
            ),
        )
        images = xr.enumerate_swapchain_images(self._swapchain, xr.SwapchainImageOpenGLKHR)
        self._images = [int(image.image) for image in images]

    def poll(self) -> None:
        """Take the runtime's events; begins and ends the session as they ask.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with _told("the headset's software stopped answering", HeadsetLost):
            while not self.life.over:
                try:
                    event = xr.poll_event(self._instance)
                except xr.exception.EventUnavailable:
                    return
                kind = xr.StructureType(event.type)
                if kind == xr.StructureType.EVENT_DATA_SESSION_STATE_CHANGED:
                    changed = c.cast(
                        c.byref(event), c.POINTER(xr.EventDataSessionStateChanged)
                    ).contents
                    self._enter(xr.SessionState(changed.state).name)
                elif kind == xr.StructureType.EVENT_DATA_INSTANCE_LOSS_PENDING:
                    self.life = self.life.lost("the headset's software is closing")

    def _enter(self, state: str) -> None:
        self.life, step = self.life.entered(state)
        if step is Step.BEGIN:
            xr.begin_session(self._session, xr.SessionBeginInfo(_STEREO))
        elif step is Step.END:
            xr.end_session(self._session)

    def begin(self) -> XrFrame:
        """Wait for the next frame and say what it shows; ``end`` must follow.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with _told("the headset's software stopped answering", HeadsetLost):
            state = xr.wait_frame(self._session, xr.FrameWaitInfo())
            self._shown = int(state.predicted_display_time)
            with _discarded():
                xr.begin_frame(self._session, xr.FrameBeginInfo())
            hands = (Hand(), Hand())
            if self.life.focused:
                hands = self._hands.read(self._space, self._shown)
            head = located(self._head, self._space, self._shown)
            eyes: tuple[Eye, ...] = ()
            if state.should_render and head is not None:
                _, views = xr.locate_views(
                    self._session, xr.ViewLocateInfo(_STEREO, self._shown, self._space)
                )
                self._views = views
                eyes = tuple(_eye(view) for view in views)
            return XrFrame(self._shown, head, hands, eyes)

    @contextmanager
    def image(self) -> Iterator[int]:
        """The next image, as GL's texture number: both eyes side by side, left first.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with _told("the headset's software stopped answering", HeadsetLost):
            index = xr.acquire_swapchain_image(self._swapchain, xr.SwapchainImageAcquireInfo())
            xr.wait_swapchain_image(self._swapchain, xr.SwapchainImageWaitInfo(timeout=5 * _SECOND))
        try:
            yield self._images[index]
        finally:
            with _told("the headset's software stopped answering", HeadsetLost):
                xr.release_swapchain_image(self._swapchain, xr.SwapchainImageReleaseInfo())

    def end(self, drawn: bool) -> None:
        """Hand the frame over; not ``drawn`` shows nothing.

        Raises:
            HeadsetLost: the runtime went away.
        """
        layers: list[Any] = []
        if drawn:
            views = [
                xr.CompositionLayerProjectionView(
                    pose=view.pose, fov=view.fov, sub_image=self._half(k)
                )
                for k, view in enumerate(self._views)
            ]
            layer = xr.CompositionLayerProjection(space=self._space, views=views)
            layers.append(c.byref(layer))
        with _told("the headset's software stopped answering", HeadsetLost):
            xr.end_frame(
                self._session,
                xr.FrameEndInfo(
                    display_time=self._shown,
                    environment_blend_mode=self._blend,
                    layers=layers,
                ),
            )

    def leave(self) -> None:
        """Ask the runtime to end the session; ``poll`` follows it until it is over.

        Raises:
            HeadsetLost: the runtime went away.
        """
        self.life = self.life.asking()
        with _told("the headset's software stopped answering", HeadsetLost):
            xr.request_exit_session(self._session)

    def close(self) -> None:
        """Free everything the runtime holds; a runtime that is gone holds nothing."""
        for destroy, handle in (
            (xr.destroy_session, self._session),
            (xr.destroy_instance, self._instance),
        ):
            if handle is not None:
                try:
                    destroy(handle)
                except xr.exception.XrException:
                    continue
        self._session = self._instance = None

    def _half(self, index: int) -> Any:
        return xr.SwapchainSubImage(
            swapchain=self._swapchain,
            image_rect=xr.Rect2Di(
                xr.Offset2Di(index * self.width, 0), xr.Extent2Di(self.width, self.height)
            ),
            image_array_index=0,
        )

    def _floor(self) -> Any:
        """The space whose floor is at height 0, facing where the visitor faced at the start."""
        offered = [int(kind) for kind in xr.enumerate_reference_spaces(self._session)]
        for kind in (xr.ReferenceSpaceType.LOCAL_FLOOR, xr.ReferenceSpaceType.STAGE):
            if kind.value in offered:
                return self._reference(kind)
        return self._reference(xr.ReferenceSpaceType.LOCAL, -_STANDING)

    def _reference(self, kind: Any, height: float = 0.0) -> Any:
        pose = xr.Posef(position=xr.Vector3f(0.0, height, 0.0))
        return xr.create_reference_space(
            self._session,
            xr.ReferenceSpaceCreateInfo(reference_space_type=kind, pose_in_reference_space=pose),
        )


@contextmanager
def _told(sentence: str, kind: type[StageError] = StageError) -> Iterator[None]:
    """Turn the runtime's errors into one of the stage's."""
    try:
        yield
    except xr.exception.XrException as error:
        raise kind(f"{sentence} ({type(error).__name__})") from error


@contextmanager
def _discarded() -> Iterator[None]:
    """A frame before this one was dropped: no error."""
    try:
        yield
    except xr.exception.FrameDiscarded:
        return


def _instance(binding: str) -> Any:
    offered = {p.extension_name for p in xr.enumerate_instance_extension_properties()}
    names = {n.decode() if isinstance(n, bytes) else str(n) for n in offered}
    needed = ["XR_KHR_opengl_enable", binding]
    missing = [name for name in needed if name not in names]
    if missing:
        raise StageError(f"the headset's software lacks {' and '.join(missing)}")
    liked = [name for name in ("XR_EXT_local_floor",) if name in names]
    application = xr.ApplicationInfo(
        application_name="Showroom",
        application_version=1,
        engine_name="showroom",
        engine_version=1,
        api_version=xr.Version(1, 0, 0),
    )
    return xr.create_instance(
        xr.InstanceCreateInfo(application_info=application, enabled_extension_names=needed + liked)
    )


def _meet_requirements(instance: Any, system: Any) -> None:
    """Ask for the runtime's GL version: it must be asked before a session is made."""
    name = "xrGetOpenGLGraphicsRequirementsKHR"
    ask = c.cast(
        xr.get_instance_proc_addr(instance, name), xr.PFN_xrGetOpenGLGraphicsRequirementsKHR
    )
    answer = xr.GraphicsRequirementsOpenGLKHR()
    if ask(instance, system, c.byref(answer)) != 0:
        raise StageError("the headset's software does not say which OpenGL it needs")


def _eye(view: Any) -> Eye:
    fov = view.fov
    angles = (fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down)
    left, right, up, down = (float(a) for a in angles)
    return Eye(transform_of(view.pose), (left, right, up, down))
